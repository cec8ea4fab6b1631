#pragma once
// What inspect() and list() show of a lock.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exclusive_lock/contents.hpp"
#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

// Who wrote a record. This library refreshes and releases only records of kind `ours`, and only
// those of the calling owner (G3). The other two count as held until they expire or are deleted.
enum class RecordKind {
  ours,      // written by this library, in a version that this one understands
  newer,     // written by a later version of this library
  stranger,  // written by another program, such as the original package, or by a person
};

// A waiter in the queue of a lock. A field that cannot be read is empty.
struct LockWaiter {
  std::string owner;  // the LockRecord::owner that its hold would have
  std::string host;
  std::int64_t pid = 0;
  std::string label;
  std::string user;  // as in LockRecord
  std::string program;
  // When it joined the queue, by the store's clock.
  std::optional<std::chrono::system_clock::time_point> since;
};

// The last work that was recorded as done under a lock (once.hpp). A field that cannot be read is
// empty.
struct LastDone {
  std::string name;  // as LockRecord::name
  // When the lock was acquired for it, and when it was released, by the store's clock.
  std::chrono::system_clock::time_point began;
  std::chrono::system_clock::time_point ended;
  // How long ago it began, by the store's clock. Negative if that clock was set back since.
  std::chrono::milliseconds age{0};
  std::string owner;  // as in LockRecord
  Fence fence;
  std::string host;
  std::int64_t pid = 0;
  std::string label;
  std::string user;
  std::string program;
};

// One lock at one instant. For a stranger, only the fields up to `waiters` are set.
struct LockRecord {
  std::string name;  // the app_name; for a key that this library would not form, the key itself
  std::string key;   // the key of the record in the store
  RecordKind kind = RecordKind::stranger;
  std::optional<std::chrono::milliseconds> remaining_ttl;  // none: it never expires by itself
  std::optional<Contents> contents;                        // none: not JSON; see raw
  std::string raw;                  // the bytes in the store; a stranger may have written any
  std::size_t waiting = 0;          // the number of waiters in the queue
  std::vector<LockWaiter> waiters;  // in order; inspect() returns the first 100, list() none

  // "<32 hex>-<16 hex>": the lock object and its ticket. It is no secret and grants no right.
  std::string owner;
  Fence fence;
  std::string host;
  std::int64_t pid = 0;
  std::string label;
  // As set in Options; empty if they were not, and in records of older versions.
  std::string user;
  std::string program;
  std::string command;
  std::chrono::milliseconds lock_ttl{0};
  std::optional<std::chrono::system_clock::time_point> since;  // by the store's clock
  // The hold has ended, but no worker gets the lock before the ttl is over
  // (ExclusiveLock::hold_at_least()).
  bool closed = false;
  std::optional<LastDone> last_done;  // set by inspect(), not by list()
};

}  // namespace exclusive_lock
