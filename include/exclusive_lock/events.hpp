#pragma once
// What ExclusiveLock tells its event handlers.

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

// The lock is somebody else's, and this object waits in the queue for it; told again at every
// change of the place that it hears of.
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
  std::chrono::milliseconds lock_ttl;  // what the record's ttl was set to
  Instant safe_until;
};

struct ReleasedEvent {
  std::string key;
};

enum class LossReason {
  record_gone,         // the store says that the record is absent or somebody else's
  not_confirmed,       // safe_until() passed without an answer
  store_clock_stepped  // the store's clock jumped forward, or runs faster than was counted with:
                       // records expire earlier than was promised
};

struct LostEvent {
  std::string key;
  Fence fence;
  LossReason reason;
};

// Trouble that was not returned by a call: a refresh that failed and will be tried again, a release
// that goes on in the background.
struct ErrorEvent {
  std::string key;
  std::error_code error;
  std::string message;  // fit for a terminal
};

}  // namespace exclusive_lock
