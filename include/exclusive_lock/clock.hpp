#pragma once
// The clock of every deadline of this library.
//
// CLOCK_BOOTTIME advances at the rate of real time, is never set, and includes the time that the
// machine is suspended (clock_gettime(2)). std::chrono::steady_clock does not: on Linux it stops
// during suspend, so after a longer suspend than its ttl a hold would still seem valid (G1).

#include <chrono>

#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

// Meets the standard's TrivialClock requirements. Thread-safe. No system call if the vDSO has the
// clock.
struct EXCLUSIVE_LOCK_API BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept;
};

// A point in time of that clock. Names say what happens then: `requested_at`, `safe_until`.
using Instant = BootClock::time_point;

}  // namespace exclusive_lock
