#pragma once
// How long to wait before the next try. `unit` is a random number in [0, 1) that the caller passes,
// so that a schedule can be replayed.

#include <optional>

#include "core/protocol.hpp"

namespace exclusive_lock {

// Added to an expiry: servers expire records by whole milliseconds.
inline constexpr Milliseconds after_expiry{1};

// The pause of a waiter before its next try. The current record expires after `remaining_ttl`
// (none: never) and may be released before. So the waiter tries shortly after the expiry, and at
// least every `max_pause`. The pause is spread over the second half of `max_pause`, so that waiters
// do not try at the same time.
Milliseconds waiting_pause(std::optional<Milliseconds> remaining_ttl, Milliseconds max_pause,
                           double unit);

// The pause after the n-th failure in a row, n from 1. It doubles from `min_pause` to `max_pause`;
// half of it is random ("equal jitter": M. Brooker, "Exponential Backoff And Jitter", AWS
// Architecture Blog, 2015).
Milliseconds backoff_pause(int failures, Milliseconds min_pause, Milliseconds max_pause,
                           double unit);

// The pause after the n-th failure in a row of a request that is made once per `interval`: from an
// eighth of the interval up to all of it. Not random: requests that failed together are repeated
// together, in one request.
Milliseconds failure_pause(int failures, Milliseconds interval);

}  // namespace exclusive_lock
