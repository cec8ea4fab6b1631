#pragma once
// The events that ExclusiveLock passes to its handlers.

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

// Another worker holds the lock, and this object waits in the queue. Comes again whenever the store
// reports another position.
struct WaitingEvent {
  std::string key;
  std::size_t position;  // 1: the next in line
};

struct AcquiredEvent {
  std::string key;
  Fence fence;
  Instant safe_until;
};

struct RefreshedEvent {
  std::string key;
  std::chrono::milliseconds lock_ttl;  // the new ttl of the record
  Instant safe_until;
};

struct ReleasedEvent {
  std::string key;
};

enum class LossReason {
  record_gone,         // the store reports that the record is gone or belongs to another holder
  not_confirmed,       // safe_until() passed without a confirmed refresh
  store_clock_stepped  // the store's clock was set forward or runs too fast, so the record may
                       // expire before the hold does
};

struct LostEvent {
  std::string key;
  Fence fence;
  LossReason reason;
};

// A failure in the background, which no call returns: a refresh that failed and will be tried
// again, a release that is repeated.
struct ErrorEvent {
  std::string key;
  std::error_code error;
  std::string message;  // escaped for terminals
};

}  // namespace exclusive_lock
