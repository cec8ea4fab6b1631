#pragma once
// How long a hold may be believed in (G1).
//
// The store counts a record's ttl from when it carried the request out, which is some time after
// the request was sent. Counting from the sending is therefore always on the safe side, whatever
// the network did. What is left are two clocks of different rate, and stores that round: a
// hundredth of the ttl, and 2 ms. (KeyDB's active expiry compares whole milliseconds with <= and
// was seen to be 0.05 ms early; crystal clocks differ by 0.01 %, so 1 % leaves two orders of
// magnitude. A clock that is slewed differs by far more: store_clock_watch.hpp.)

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

// The instant from which a record of this ttl, asked for at `requested_at`, may be gone by its
// store's clock.
constexpr Instant safe_until(Instant requested_at, Milliseconds ttl, Drift drift = usual_drift) {
  return requested_at + ttl - drift.of(ttl) - safety_margin;
}

}  // namespace exclusive_lock
