#pragma once
// What a lock is made from. All options are checked together when an ExclusiveLock is constructed;
// every mistake is listed in one ValidationError.

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
  // What is locked. Any bytes, 1 to 512 of them; different names never share a lock.
  std::string app_name{};
  // Where acquired, released, refreshed and trouble are told. Null: nowhere.
  std::shared_ptr<spdlog::logger> log{};
  // What connect() returned. Required.
  std::shared_ptr<Connection> cache_connection{};

  // How long the record outlives its last refresh. 100 ms to 7 days.
  OptionMilliseconds lock_ttl{3000};
  // How often it is refreshed; at least 500 ms below lock_ttl, at least 10 ms.
  OptionMilliseconds lock_refresh{1000};
  // Shown by inspect(). Up to contents_cap bytes of JSON text.
  Contents lock_contents = 1;
  // Off: the hold ends at safe_until() unless refresh() is called by hand.
  bool auto_refresh = true;

  // Keys are "<key_prefix>:<encoded app_name>". 1 to 128 bytes of [A-Za-z0-9_.:-].
  std::string key_prefix = "exclusive-lock";
  // Replaces that key altogether, for example by seed_key(name), so that a fleet can be moved over
  // from the original package worker by worker. 1 to 2048 bytes. Refused: a '}' without a non-empty
  // {tag}, a key that is a {tag} and nothing else, and one that is spelled like a side key of
  // another lock.
  std::optional<std::string> key{};

  // Free text shown beside host and pid, up to 256 bytes of UTF-8.
  std::string label{};
  // Shown beside them, and left out of the record where empty: whose process it is, what it runs,
  // and its whole command line (arguments may hold secrets, and whoever may read the store sees
  // them). Up to 64, 64 and 1024 bytes. Nothing is looked up: a user database may be slow.
  std::string user{};
  std::string program{};
  std::string command{};
  // Bytes of JSON text that lock_contents may have: 1 to 1 MiB.
  std::size_t contents_cap = 64 * 1024;
  // How many may wait for this lock, this object not counted: 1 to 1,000,000.
  std::size_t queue_limit = 10'000;
  // Throughput over fairness: this object may take the lock while others wait, where it is free,
  // and leaves it free when it releases, as long as fewer than so many grants in a row have gone
  // past those who wait. Then it is handed over as always. 0 to 1,000,000; 0: first come, first
  // served. When it pays, and when it does not: docs/decisions/0011-barging.md.
  std::size_t barging_streak = 0;
  // The record is left to its ttl when this object, or this process, ends: somebody who knows the
  // owner goes on with it through LockDirectory. Without it the destructor releases.
  bool detached = false;
  // For tests: lifts the 500 ms rule; lock_refresh must then be at most two thirds of lock_ttl.
  bool allow_short_ttl = false;
};

// What is wrong with them, all of it: what the constructor of ExclusiveLock throws as a
// ValidationError. Asks no store, so that a program can check what it was given before it connects;
// until then `cache_connection` is among the mistakes.
EXCLUSIVE_LOCK_API std::vector<Mistake> mistakes_in(const Options& options);

// The key under which the original package keeps `app_name`: every run of characters other than
// [A-Za-z0-9_] becomes one '-', so that different names can share a lock; "exclusive-lock" is the
// prefix of its current version, "lock-manager" that of its first.
EXCLUSIVE_LOCK_API std::string seed_key(std::string_view app_name,
                                        std::string_view key_prefix = "exclusive-lock");

}  // namespace exclusive_lock
