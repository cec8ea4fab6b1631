#pragma once
// The times of waiting (docs/decisions/0008-fair-hand-over.md), all from the ttl of the waiter.
//
// A waiter says "I still wait" once a heartbeat. Three of them without a word, and it is passed
// over; three of them is also how long a lock that was handed over to it waits to be taken up. So a
// waiter that is frozen costs the others at most half a ttl, and a push that is late by one beat
// still leaves two thirds of the time for the start.

#include <algorithm>

#include "core/protocol.hpp"

namespace exclusive_lock {

inline constexpr Milliseconds shortest_heartbeat{10};
// A thousand waiters are a thousand beats a second, some 3 % of what a server can do.
inline constexpr Milliseconds longest_heartbeat{1000};
inline constexpr int heartbeats_alive = 3;

constexpr Milliseconds heartbeat(Milliseconds ttl) {
  return std::clamp(ttl / (2 * heartbeats_alive), shortest_heartbeat, longest_heartbeat);
}
constexpr Milliseconds confirm_ttl(Milliseconds ttl) {
  return std::min(heartbeats_alive * heartbeat(ttl), ttl);
}

}  // namespace exclusive_lock
