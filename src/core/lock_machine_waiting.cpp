// What a lock machine does while it waits in the queue: beats, pushes, giving up. The protocol, and
// why each step is safe: docs/decisions/0008-fair-hand-over.md.

#include <algorithm>
#include <utility>

#include "core/heartbeat.hpp"
#include "core/lock_machine.hpp"
#include "core/pace.hpp"
#include "core/wait_plan.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

void LockMachine::begin_waiting(const Attempting& attempt, const AttemptReply& reply, Instant now,
                                Actions& actions) {
  arrived_at_ = reply.arrived_at;
  state_ = Waiting{
      .ticket = attempt.ticket, .wait = attempt.wait.value(), .position = 0, .beat_due = now};
  still_waiting(std::get<Waiting>(state_), attempt.requested_at,
                {.outcome = BeatOutcome::waiting,
                 .position = reply.position,
                 .remaining_ttl = reply.remaining_ttl},
                now, actions);
  if (attempt.beats_at_once)
    beat_soon(std::get<Waiting>(state_), now, actions);
}

void LockMachine::still_waiting(Waiting& waiting, Instant requested_at, const BeatReply& reply,
                                Instant now, Actions& actions) {
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
  auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting == nullptr || waiting->ticket != ticket)
    return actions;  // whoever left has sent a release, which takes back a grant too
  waiting->beat_in_flight = false;
  if (reply == nullptr) {
    const auto& failure = std::get<StoreFailure>(answer);
    // Cut off by the deadline, at which the wait ends as it was: the store is not said to fail.
    const bool is_cut_off = waiting->wait.until && now >= *waiting->wait.until &&
                            failure.code == errc::outcome_unknown &&
                            now - requested_at < heartbeat(settings_.ttl);
    if (!is_cut_off)
      beat_failed(*waiting, failure, now, actions);
    return actions;
  }
  switch (reply->outcome) {
    case BeatOutcome::granted:
      hold_or_give_back(ticket, reply->fence, requested_at, now, actions);
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

Actions LockMachine::wake_up_pushed(const WakeUp& wake_up, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  // Of an attempt that was given up: a release has taken back what it got, or will.
  if (wake_up.owner.id == owner_id_ && attempting() == wake_up.owner.ticket)
    look_at_once(now, actions);
  return actions;
}

Actions LockMachine::pushes_resumed(Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  look_at_once(now, actions);
  return actions;
}

void LockMachine::look_at_once(Instant now, Actions& actions) {
  if (auto* waiting = std::get_if<Waiting>(&state_))
    beat_soon(*waiting, now, actions);
  if (auto* attempting = std::get_if<Attempting>(&state_))
    attempting->beats_at_once = true;
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
