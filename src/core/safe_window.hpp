#pragma once
// How long a hold is valid (G1).
//
// The store counts a record's ttl from when it carries out the request, which is after the request
// was sent. So counting from the sending is always safe, however slow the network is. Two errors
// remain: clocks of different rates, and stores that round. The margin for them is a hundredth of
// the ttl plus 2 ms. (KeyDB's active expiry compares whole milliseconds with <= and was 0.05 ms
// early in a test. Crystal clocks differ by 0.01 %, a hundredth of the margin. A slewed clock
// differs by far more: store_clock_watch.hpp.)

#include <compare>
#include <cstdint>

#include "core/protocol.hpp"

namespace exclusive_lock {

// By how much one clock may be faster than another, in millionths.
struct Drift {
  std::int32_t ppm;

  [[nodiscard]] constexpr Instant::duration of(Instant::duration time) const {
    return time / 1'000'000 * ppm + time % 1'000'000 * ppm / 1'000'000;  // cannot overflow
  }
  friend constexpr auto operator<=>(const Drift&, const Drift&) = default;
};

inline constexpr int clock_drift_percent = 1;
inline constexpr Drift usual_drift{.ppm = clock_drift_percent * 10'000};
inline constexpr Milliseconds safety_margin{2};

// When a record with this ttl, requested at `requested_at`, may expire by its store's clock at the
// earliest.
constexpr Instant safe_until(Instant requested_at, Milliseconds ttl, Drift drift = usual_drift) {
  return requested_at + ttl - drift.of(ttl) - safety_margin;
}

}  // namespace exclusive_lock
