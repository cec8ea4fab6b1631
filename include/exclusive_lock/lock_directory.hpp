#pragma once
// The locks in one store, for people and scripts: shows who holds what, and refreshes or releases a
// lock by its owner string, without the object that acquired it (as the commands `refresh` and
// `release` do).
//
// Threads: any. Every call throws StoreError if the store fails, and blocks for one command timeout
// (ConnectOptions) at most. Cost: one round trip, except for list() and list_done().

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
  // Throws ValidationError for a null connection and for a prefix that Options would refuse.
  explicit LockDirectory(std::shared_ptr<Connection> connection,
                         std::string key_prefix = "exclusive-lock");

  [[nodiscard]] std::optional<LockRecord> inspect(std::string_view app_name) const;

  // All locks below the prefix whose name matches the shell pattern, sorted by name. A '*' stands
  // for any text, a '?' for one character, [...] for one of several; case matters. Throws
  // ValidationError if there are more than `most`. On a server, about half a million keys below the
  // prefix that are no locks are an error as well. No snapshot: a lock that is acquired or released
  // meanwhile may or may not be listed.
  [[nodiscard]] std::vector<LockRecord> list(std::string_view pattern = "*",
                                             std::size_t most = 100'000) const;

  // Refreshes the hold of `owner`, a string from inspect() or ExclusiveLock::owner(). Returns
  // refreshed, lost or unknown. Throws ValidationError if `owner` has another form or the ttl is
  // out of range.
  RefreshOutcome refresh(std::string_view app_name, std::string_view owner,
                         OptionMilliseconds lock_ttl);
  // Releases it. Returns released, not_held or unknown.
  ReleaseOutcome release(std::string_view app_name, std::string_view owner);

  // The same by key, as in Options::key, without regard to the prefix. If the key cannot be that of
  // a name below the prefix, the record's name is the key.
  [[nodiscard]] std::optional<LockRecord> inspect_key(std::string_view key) const;
  RefreshOutcome refresh_key(std::string_view key, std::string_view owner,
                             OptionMilliseconds lock_ttl);
  ReleaseOutcome release_key(std::string_view key, std::string_view owner);

  // Removes a record of any owner if the store still has exactly the bytes of `seen`. False: the
  // record has changed. This is the only call that ends the hold of another holder: a person should
  // decide it. That holder notices at its next refresh; until then, two holders may work at once.
  bool force_release(const LockRecord& seen);

  // The last work that was recorded as done under that lock (once.hpp), whether it is held or not.
  // None: nothing is recorded, or the record's time is over.
  [[nodiscard]] std::optional<LastDone> last_done(std::string_view app_name) const;
  // The same for all locks, as list(), also for those without a holder. Not for locks with a key of
  // their own (Options::key) that has a {tag}.
  [[nodiscard]] std::vector<LastDone> list_done(std::string_view pattern = "*",
                                                std::size_t most = 100'000) const;
  // Deletes that record, so that the next once() runs. False: there was none. For people.
  bool forget(std::string_view app_name);
  // The same by key, as inspect_key().
  [[nodiscard]] std::optional<LastDone> last_done_of(std::string_view key) const;
  bool forget_key(std::string_view key);

 private:
  std::shared_ptr<Connection> connection_;
  std::string key_prefix_;
};

}  // namespace exclusive_lock
