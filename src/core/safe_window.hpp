#pragma once
// How long a hold may be believed in (G1).
//
// The store counts a record's ttl from when it carried the request out, which is some time after
// the request was sent. Counting from the sending is therefore always on the safe side, whatever
// the network did. What is left are two clocks of different rate, and stores that round: a
// hundredth of the ttl, and 2 ms. (KeyDB's active expiry compares whole milliseconds with <= and
// was seen to be 0.05 ms early; crystal clocks differ by 0.01 %, so 1 % leaves two orders of
// magnitude.)

#include "core/protocol.hpp"

namespace exclusive_lock {

inline constexpr int clock_drift_percent = 1;
inline constexpr Milliseconds safety_margin{2};

// The instant from which a record of this ttl, asked for at `requested_at`, may be gone by its
// store's clock.
constexpr Instant safe_until(Instant requested_at, Milliseconds ttl) {
  const auto drift = std::chrono::duration_cast<Instant::duration>(ttl) * clock_drift_percent / 100;
  return requested_at + ttl - drift - safety_margin;
}

}  // namespace exclusive_lock
