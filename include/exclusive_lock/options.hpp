#pragma once
// The options of a lock. The constructor of ExclusiveLock checks all of them together and lists
// every mistake in one ValidationError.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/contents.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/export.hpp"
#include "exclusive_lock/saturating.hpp"

namespace exclusive_lock {

struct Options {
  // The name of the lock. Any bytes, 1 to 512 of them; different names never share a lock.
  std::string app_name{};
  // Where acquisitions, refreshes, releases and failures are logged. Null: no log.
  std::shared_ptr<spdlog::logger> log{};
  // What connect() returned. Required.
  std::shared_ptr<Connection> cache_connection{};

  // How long the record outlives its last refresh. 100 ms to 7 days.
  OptionMilliseconds lock_ttl{3000};
  // The interval between refreshes: at least 10 ms, and at least 500 ms less than lock_ttl.
  OptionMilliseconds lock_refresh{1000};
  // The JSON value that inspect() shows to other workers. Up to contents_cap bytes of JSON text.
  Contents lock_contents = 1;
  // False: the hold ends at safe_until() unless the program calls refresh().
  bool auto_refresh = true;

  // Keys are "<key_prefix>:<encoded app_name>". 1 to 128 bytes of [A-Za-z0-9_.:-].
  std::string key_prefix = "exclusive-lock";
  // Used instead of that key. With seed_key(name), a fleet can move over from the original package
  // worker by worker. 1 to 2048 bytes. Refused are: a '}' without a non-empty {tag}, a key that is
  // only a {tag}, and a key that could be a side key of another lock.
  std::optional<std::string> key{};

  // Free text that inspect() shows beside host and pid, up to 256 bytes of UTF-8.
  std::string label{};
  // Shown beside them as well; an empty one is left out of the record. The user and the program of
  // this process, and its whole command line: everyone who may read the store sees it, and
  // arguments may hold secrets. Up to 64, 64 and 1024 bytes. The library looks none of them up.
  std::string user{};
  std::string program{};
  std::string command{};
  // The maximum size of lock_contents, in bytes of JSON text: 1 byte to 1 MiB.
  std::size_t contents_cap = 64 * 1024;
  // The maximum number of other waiters in the queue when this object joins it: 1 to 1,000,000.
  std::size_t queue_limit = 10'000;
  // Throughput over fairness. The maximum number of grants in a row that may pass the first waiter,
  // 0 to 1,000,000. Below it, this object takes a free lock although others wait, and leaves the
  // lock free when it releases. Once it is reached, the release hands the lock to the first waiter,
  // as it always does with 0. When this pays, and when not: docs/decisions/0011-barging.md.
  std::size_t barging_limit = 0;
  // True: the record stays until its ttl is over when this object or this process ends, so that
  // another process that knows the owner can go on with it through LockDirectory. False: the
  // destructor releases.
  bool detached = false;
  // For tests: replaces the 500 ms rule; lock_refresh may then be up to two thirds of lock_ttl.
  bool allow_short_ttl = false;
};

// Every mistake that the constructor of ExclusiveLock would throw as a ValidationError. Contacts no
// store, so a program can check its options before it connects; `cache_connection` is then one of
// the mistakes.
EXCLUSIVE_LOCK_API std::vector<Mistake> mistakes_in(const Options& options);

// The key under which the original package keeps `app_name`. That package replaces every run of
// characters other than [A-Za-z0-9_] by one '-', so different names can share a lock. Its current
// version has the prefix "exclusive-lock", its first one "lock-manager".
EXCLUSIVE_LOCK_API std::string seed_key(std::string_view app_name,
                                        std::string_view key_prefix = "exclusive-lock");

}  // namespace exclusive_lock
