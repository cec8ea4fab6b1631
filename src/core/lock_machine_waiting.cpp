// What a lock machine does while it waits in the queue: beats, pushes, giving up. The protocol, and
// why each step is safe: docs/decisions/0008-fair-hand-over.md.

#include <algorithm>
#include <utility>

#include "core/heartbeat.hpp"
#include "core/lock_machine.hpp"
#include "core/pace.hpp"
#include "core/safe_window.hpp"
#include "core/wait_plan.hpp"

namespace exclusive_lock {
namespace {

// With less than this part of a hand-over's time left, it is confirmed before anybody relies on it.
constexpr int least_start_divisor = 4;

}  // namespace

void LockMachine::begin_waiting(const Attempting& attempt, const AttemptReply& reply, Instant now,
                                Actions& actions) {
  arrived_at_ = reply.arrived_at;
  state_ = Waiting{.ticket = attempt.ticket,
                   .wait = attempt.wait.value(),
                   .not_granted_at = attempt.requested_at,
                   .not_granted_store_time = std::nullopt,
                   .position = 0,
                   .beat_due = now};
  still_waiting(std::get<Waiting>(state_), attempt.requested_at,
                {.outcome = BeatOutcome::waiting,
                 .position = reply.position,
                 .remaining_ttl = reply.remaining_ttl,
                 .store_time = reply.store_time},
                now, actions);
  if (attempt.early_push)
    heed_push(*attempt.early_push, now, actions);
  auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting != nullptr && attempt.beats_at_once && !waiting->beat_in_flight)
    beat_soon(*waiting, now, actions);
}

void LockMachine::still_waiting(Waiting& waiting, Instant requested_at, const BeatReply& reply,
                                Instant now, Actions& actions) {
  waiting.not_granted_at = requested_at;
  waiting.not_granted_store_time = reply.store_time;
  waiting.trouble = nullptr;
  waiting.beat_failures = 0;
  waiting.beat_due = requested_at + beat_pause_;
  if (reply.position == 1 && reply.remaining_ttl) {
    // Nobody may be there to push when the holder is dead.
    waiting.beat_due = std::min(waiting.beat_due, now + *reply.remaining_ttl + after_expiry);
  }
  if (std::exchange(waiting.beat_again, false))
    beat_soon(waiting, now, actions);
  if (std::exchange(waiting.position, reply.position) != reply.position)
    actions.push_back(
        TellWaiting{.position = reply.position, .remaining_ttl = reply.remaining_ttl});
}

Actions LockMachine::beat_replied(Ticket ticket, Instant requested_at,
                                  const Answer<BeatReply>& answer, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  const auto* reply = std::get_if<BeatReply>(&answer);
  if (reply != nullptr)
    highest_fence_ = std::max(highest_fence_, reply->fence);
  const bool is_granted = reply != nullptr && reply->outcome == BeatOutcome::granted;

  auto* held = std::get_if<Held>(&state_);
  if (held != nullptr && held->ticket == ticket && is_granted) {
    // The push was faster; the beat has refreshed the record.
    held->safe_until = std::max(held->safe_until, safe_until(requested_at, settings_.ttl, drift_));
    refresh_next(*held, requested_at + settings_.refresh_interval);
  }
  auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting == nullptr || waiting->ticket != ticket)
    return actions;  // whoever left has sent a release, which takes back a grant too
  waiting->beat_in_flight = false;
  if (reply == nullptr) {
    beat_failed(*waiting, std::get<StoreFailure>(answer), now, actions);
    return actions;
  }
  switch (reply->outcome) {
    case BeatOutcome::granted:
      hold_or_give_back({.ticket = ticket,
                         .fence = reply->fence,
                         .counts_from = requested_at,
                         .ttl = settings_.ttl,
                         .refresh_due = requested_at + settings_.refresh_interval},
                        now, actions);
      break;
    case BeatOutcome::waiting:
      still_waiting(*waiting, requested_at, *reply, now, actions);
      break;
    case BeatOutcome::gone: {
      const Wait wait = waiting->wait;
      if (wait.until && now >= *wait.until) {
        stop_waiting(Busy{.remaining_ttl = std::nullopt}, now, actions);
      } else {
        send_attempt(wait, now, actions);
      }
      break;
    }
  }
  return actions;
}

void LockMachine::beat_failed(Waiting& waiting, const StoreFailure& failure, Instant now,
                              Actions& actions) {
  if (!is_passing(failure.code)) {
    stop_waiting(failure, now, actions);
    return;
  }
  ++waiting.beat_failures;
  waiting.trouble = std::make_shared<const StoreFailure>(failure);
  waiting.beat_again = false;
  waiting.beat_due = now + failure_pause(waiting.beat_failures, heartbeat(settings_.ttl));
}

Actions LockMachine::grant_pushed(const Grant& grant, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  highest_fence_ = std::max(highest_fence_, grant.fence);
  if (attempting() != grant.owner.ticket || grant.owner.id != owner_id_)
    return actions;  // of an attempt that was given up: a release has taken it back, or will
  if (auto* attempting = std::get_if<Attempting>(&state_)) {
    attempting->early_push = std::make_shared<const Grant>(grant);
  } else {
    heed_push(grant, now, actions);
  }
  return actions;
}

void LockMachine::heed_push(const Grant& grant, Instant now, Actions& actions) {
  if (grant.is_nudge()) {
    beat_soon(std::get<Waiting>(state_), now, actions);
  } else {
    start_on_push(grant, now, actions);
  }
}

// The record was written after `not_granted_at`, and lives for confirm_ttl (G1).
void LockMachine::start_on_push(const Grant& grant, Instant now, Actions& actions) {
  auto& waiting = std::get<Waiting>(state_);
  if (grant.granted_at && waiting.not_granted_store_time &&
      *grant.granted_at < *waiting.not_granted_store_time) {
    return;  // the store went back in time, and does not know of this grant any more
  }
  const Milliseconds time = confirm_ttl(settings_.ttl);
  const bool is_time_left =
      now + time / least_start_divisor <= safe_until(waiting.not_granted_at, time, drift_);
  if (!is_time_left || waiting.confirms_pushes) {
    beat_soon(waiting, now, actions);
    return;
  }
  const Instant counts_from = waiting.not_granted_at;
  hold_or_give_back({.ticket = waiting.ticket,
                     .fence = grant.fence,
                     .counts_from = counts_from,
                     .ttl = time,
                     .refresh_due = counts_from + time / 2},
                    now, actions);
  if (!settings_.auto_refresh)
    send_refresh(std::get<Held>(state_), now, actions);
}

Actions LockMachine::pushes_resumed(Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  if (auto* waiting = std::get_if<Waiting>(&state_))
    beat_soon(*waiting, now, actions);
  if (auto* attempting = std::get_if<Attempting>(&state_))
    attempting->beats_at_once = true;
  return actions;
}

void LockMachine::beat_every(Milliseconds pause) {
  beat_pause_ = std::clamp(pause, Milliseconds{1}, heartbeat(settings_.ttl));
}

void LockMachine::beat_soon(Waiting& waiting, Instant now, Actions& actions) {
  if (waiting.beat_in_flight) {
    waiting.beat_again = true;
    return;
  }
  waiting.beat_in_flight = true;
  actions.push_back(SendBeat{.request = {.key = settings_.key,
                                         .owner = owner(waiting.ticket),
                                         .ttl = settings_.ttl,
                                         .alive_for = alive_for(waiting.wait, now)},
                             .requested_at = now});
}

void LockMachine::look_after_waiting(Waiting& waiting, Instant now, Actions& actions) {
  if (waiting.wait.until && now >= *waiting.wait.until) {
    AcquireAnswer answer = Busy{.remaining_ttl = std::nullopt};
    if (waiting.trouble)
      answer = *waiting.trouble;
    stop_waiting(std::move(answer), now, actions);
  } else if (!waiting.beat_in_flight && now >= waiting.beat_due) {
    beat_soon(waiting, now, actions);
  }
}

// Nobody waits for one who will not take it.
Milliseconds LockMachine::alive_for(const Wait& wait, Instant now) const {
  const Milliseconds whole = heartbeats_alive * heartbeat(settings_.ttl);
  if (!wait.until)
    return whole;
  const Milliseconds left = std::chrono::ceil<Milliseconds>(*wait.until - now);
  return std::clamp(left, Milliseconds{1}, whole);
}

}  // namespace exclusive_lock
