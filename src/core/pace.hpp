#pragma once
// When to try again. `unit` is a random number in [0, 1): it comes from outside, so that a schedule
// can be replayed.

#include <optional>

#include "core/protocol.hpp"

namespace exclusive_lock {

// Look past an expiry by this much: servers expire by whole milliseconds.
inline constexpr Milliseconds after_expiry{1};

// A waiter's pause before its next try. The record that is there goes away by itself after
// `remaining_ttl` (none: never), and may be released sooner: try just after the former, and at
// least every `longest`, spread over its second half so that waiters do not come in step.
Milliseconds waiting_pause(std::optional<Milliseconds> remaining_ttl, Milliseconds longest,
                           double unit);

// The pause after the n-th failure in a row (n from 1): doubles from `shortest` to `longest`, half
// of it random ("equal jitter": M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
// Blog, 2015).
Milliseconds backoff_pause(int failures, Milliseconds shortest, Milliseconds longest, double unit);

// The pause after the n-th failure in a row of what is done once an `interval`: from an eighth of
// it up to all of it. Nothing random: what fails together on one connection is asked again
// together, in one request.
Milliseconds failure_pause(int failures, Milliseconds interval);

}  // namespace exclusive_lock
