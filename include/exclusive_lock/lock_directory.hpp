#pragma once
// The locks in one store, for people and scripts: who holds what, and the calls of those who know
// an owner without having the object that acquired it (the command's `refresh` and `release`).
//
// Threads: any. Every call throws StoreError where the store fails, blocks for one command timeout
// (ConnectOptions) at most, and costs one round trip but for list().

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "exclusive_lock/export.hpp"
#include "exclusive_lock/record.hpp"
#include "exclusive_lock/saturating.hpp"

namespace exclusive_lock {

class EXCLUSIVE_LOCK_API LockDirectory {
 public:
  // Throws ValidationError for a null connection or a prefix that Options would refuse.
  explicit LockDirectory(std::shared_ptr<Connection> connection,
                         std::string key_prefix = "exclusive-lock");

  [[nodiscard]] std::optional<LockRecord> inspect(std::string_view app_name) const;

  // All locks below the prefix whose name matches the shell pattern (* for any text, ? for one
  // character, [...] for one of several; case counts), sorted by name. Bounded: more than `most`
  // are an error that says so; and so are, on a server, about half a million keys below the prefix
  // that are no locks. Not one instant: locks that come and go meanwhile may be missing or listed.
  [[nodiscard]] std::vector<LockRecord> list(std::string_view pattern = "*",
                                             std::size_t most = 100'000) const;

  // By owner string, as inspect() and ExclusiveLock::owner() give it: refreshed/lost/unknown.
  // Throws ValidationError where `owner` is not of that form or the ttl out of range.
  RefreshOutcome refresh(std::string_view app_name, std::string_view owner,
                         OptionMilliseconds lock_ttl);
  // released/not_held/unknown.
  ReleaseOutcome release(std::string_view app_name, std::string_view owner);

  // The same for the key itself, as Options::key takes it, whatever the prefix. The record's name
  // is the key where it is not spelled like one of a name below the prefix.
  [[nodiscard]] std::optional<LockRecord> inspect_key(std::string_view key) const;
  RefreshOutcome refresh_key(std::string_view key, std::string_view owner,
                             OptionMilliseconds lock_ttl);
  ReleaseOutcome release_key(std::string_view key, std::string_view owner);

  // Removes a record whoever wrote it, provided that the store still holds exactly the bytes that
  // `seen` has; false where it changed meanwhile. The one call that can end somebody else's hold:
  // for people, with care. The holder learns of it at its next refresh, so two may work at once for
  // up to that long.
  bool force_release(const LockRecord& seen);

  // What was last recorded as done under that lock (once.hpp), held or not. None: nothing, or its
  // time is over.
  [[nodiscard]] std::optional<LastDone> last_done(std::string_view app_name) const;
  // The same of all locks, as list(): also of those that nobody holds; not of those with a key of
  // their own (Options::key) that has a {tag}.
  [[nodiscard]] std::vector<LastDone> list_done(std::string_view pattern = "*",
                                                std::size_t most = 100'000) const;
  // Deletes it, so that the next once() runs; false: there was nothing. For people.
  bool forget(std::string_view app_name);
  // The same for the key itself, as inspect_key().
  [[nodiscard]] std::optional<LastDone> last_done_of(std::string_view key) const;
  bool forget_key(std::string_view key);

 private:
  std::shared_ptr<Connection> connection_;
  std::string key_prefix_;
};

}  // namespace exclusive_lock
