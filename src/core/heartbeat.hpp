#pragma once
// The times of waiting (docs/decisions/0008-fair-hand-over.md), all derived from the waiter's ttl.
//
// A waiter sends a heartbeat once per interval. After three intervals without one, the queue passes
// it over. A lock that was handed over to it is kept for it for three intervals as well. So a
// frozen waiter delays the others by at most half of its ttl, and a wake-up that comes one interval
// late leaves the waiter two more to confirm its grant.
//
// A waiter that may be sparse (docs/decisions/0025-sparse-heartbeats.md) pauses for as many
// intervals as its place in the queue, max_pause_intervals at most, and counts as alive for two
// intervals more than its pause, as the first one does.

#include <algorithm>

#include "core/protocol.hpp"

namespace exclusive_lock {

inline constexpr Milliseconds min_heartbeat{10};
// With it, a thousand waiters send a thousand heartbeats a second, some 3 % of a server's capacity.
inline constexpr Milliseconds max_heartbeat{1000};
inline constexpr int heartbeats_alive = 3;
inline constexpr int max_pause_intervals = 8;

constexpr Milliseconds heartbeat_interval(Milliseconds ttl) {
  return std::clamp(ttl / (2 * heartbeats_alive), min_heartbeat, max_heartbeat);
}
constexpr Milliseconds confirm_ttl(Milliseconds ttl) {
  return std::min(heartbeats_alive * heartbeat_interval(ttl), ttl);
}
constexpr Milliseconds sparse_pause(Milliseconds ttl, std::size_t place) {
  const auto intervals = std::clamp<std::size_t>(place, 1, max_pause_intervals);
  return static_cast<int>(intervals) * heartbeat_interval(ttl);
}
constexpr Milliseconds alive_through(Milliseconds pause, Milliseconds ttl) {
  return pause + (heartbeats_alive - 1) * heartbeat_interval(ttl);
}

}  // namespace exclusive_lock
