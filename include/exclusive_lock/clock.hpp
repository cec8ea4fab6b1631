#pragma once
// The clock that every deadline of this library is written in.
//
// CLOCK_BOOTTIME grows at the rate of real time, is never set, and counts the time a machine spends
// suspended (clock_gettime(2)). std::chrono::steady_clock stops in suspend on Linux, so a laptop
// that slept through its ttl would still believe in its hold when it woke up (G1).

#include <chrono>

#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

// Meets the standard's TrivialClock requirements; thread-safe, no system call where the vDSO serves
// it.
struct EXCLUSIVE_LOCK_API BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept;
};

// A point on that clock. Names of instants say what happened then: `requested_at`, `safe_until`.
using Instant = BootClock::time_point;

}  // namespace exclusive_lock
