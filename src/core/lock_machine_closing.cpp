// How a lock machine ends a hold: the name stays closed for a minimum hold
// (docs/decisions/0020-once-per-period.md), and is free at once without one.

#include <algorithm>
#include <utility>

#include "core/lock_machine.hpp"
#include "core/safe_window.hpp"

namespace exclusive_lock {

Actions LockMachine::hold_at_least_requested(Milliseconds time, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  if (auto* held = std::get_if<Held>(&state_)) {
    held->closed_until = std::max(held->closed_until, now + time);
    held->is_refreshed_again = held->refresh_in_flight;
  }
  for (Action& action : refresh_requested(now))
    actions.push_back(std::move(action));
  return actions;
}

std::optional<Milliseconds> LockMachine::closed_for(Instant closed_until, Instant now) {
  return now < closed_until ? std::optional(std::chrono::ceil<Milliseconds>(closed_until - now))
                            : std::nullopt;
}

Actions LockMachine::release_requested(RequestId request, Instant now,
                                       std::optional<Milliseconds> done_for) {
  Actions actions;
  lose_if_over(now, actions);
  const auto* held = std::get_if<Held>(&state_);
  if (held == nullptr) {
    actions.push_back(ConcludeReleaseNotHeld{request});
    return actions;
  }
  const Held hold = *held;
  state_ = Idle{};
  closed_until_ = hold.surely_closed_until;
  recording_ = done_for ? std::optional(hold.ticket) : std::nullopt;
  if (hold.refresh_called_for)
    actions.push_back(ConcludeRefresh{RefreshOutcome::not_held});
  ReleaseRequest release = release_of(hold.ticket);
  release.done_for = done_for;
  release.closed_for = closed_for(hold.surely_closed_until, now);
  actions.push_back(SendRelease{.request = std::move(release),
                                .pointless_after = hold.record_gone_by,
                                .requested_by = request});
  return actions;
}

void LockMachine::release_answered(Ticket ticket) {
  if (recording_ == ticket) {
    recording_ = std::nullopt;
  }
}

void LockMachine::give_back(Ticket ticket, Instant pointless_after, Actions& actions,
                            std::optional<Milliseconds> closed_for) const {
  ReleaseRequest request = release_of(ticket);
  request.closed_for = closed_for;
  actions.push_back(SendRelease{.request = std::move(request), .pointless_after = pointless_after});
}

// The store may carry out an abandoned request until its not_after, by a clock that may run slower.
Instant LockMachine::latest_expiry(Instant request_abandoned_at) const {
  return latest_expiry(request_abandoned_at, settings_.ttl);
}

Instant LockMachine::latest_expiry(Instant request_abandoned_at, Milliseconds ttl) const {
  const Milliseconds drift = ttl * clock_drift_percent / 100;
  return request_abandoned_at + settings_.command_timeout + ttl + drift + safety_margin;
}

}  // namespace exclusive_lock
