#pragma once
// What anyone can see of a lock.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exclusive_lock/contents.hpp"
#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

// Who wrote a record. Only `ours` is ever refreshed or released by this library, and only by its
// owner (G3); the other two count as held until they go away by themselves.
enum class RecordKind {
  ours,      // written by this library, in a version that this one understands
  newer,     // written by a later version of this library
  stranger,  // written by some other program, such as the original package, or by a person
};

// Somebody who waits for a lock. What cannot be read is empty.
struct LockWaiter {
  std::string owner;  // as LockRecord::owner will be
  std::string host;
  std::int64_t pid = 0;
  std::string label;
  std::string user;  // as in LockRecord
  std::string program;
  // Since when it stands in the queue, by the store's clock.
  std::optional<std::chrono::system_clock::time_point> since;
};

// The last work that was recorded as done under a lock (once.hpp). What cannot be read is empty.
struct LastDone {
  std::string name;  // as LockRecord::name
  // Since when the lock was held for it, and when it was released, by the store's clock.
  std::chrono::system_clock::time_point began;
  std::chrono::system_clock::time_point ended;
  // How long ago it began, by the store's clock when it was asked; below 0 where that clock was set
  // back.
  std::chrono::milliseconds age{0};
  std::string owner;  // who, as in LockRecord
  Fence fence;
  std::string host;
  std::int64_t pid = 0;
  std::string label;
  std::string user;
  std::string program;
};

// One lock as it was at one instant. Only the first block is set for a stranger.
struct LockRecord {
  std::string name;  // the app_name; where the key is not spelled like one of ours, the key itself
  std::string key;   // where the store keeps it
  RecordKind kind = RecordKind::stranger;
  std::optional<std::chrono::milliseconds> remaining_ttl;  // none: it never expires by itself
  std::optional<Contents> contents;                        // none: not JSON; see raw
  std::string raw;          // the bytes that the store holds; from a stranger they can be anything
  std::size_t waiting = 0;  // how many stand in the queue
  std::vector<LockWaiter> waiters;  // in order; inspect() tells the first 100, list() none

  // "<32 hex>-<16 hex>": the lock object and its ticket. Not a secret, not a right.
  std::string owner;
  Fence fence;
  std::string host;
  std::int64_t pid = 0;
  std::string label;
  // As Options gave them; empty where they did not, as for records of older versions.
  std::string user;
  std::string program;
  std::string command;
  std::chrono::milliseconds lock_ttl{0};
  std::optional<std::chrono::system_clock::time_point> since;  // by the store's clock
  // The holder has ended, and nobody gets the lock before the ttl is over
  // (ExclusiveLock::hold_at_least()).
  bool closed = false;
  std::optional<LastDone> last_done;  // inspect() tells it, list() does not
};

}  // namespace exclusive_lock
