// The waiting state of a lock machine: heartbeats, wake-ups, the end of the wait. The protocol, and
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
  state_ = Waiting{.ticket = attempt.ticket,
                   .wait = attempt.wait.value(),
                   .position = 0,
                   .pause = heartbeat_interval(settings_.ttl),
                   .heartbeat_due = now};
  still_waiting(std::get<Waiting>(state_), attempt.requested_at,
                {.outcome = HeartbeatReplyStatus::waiting,
                 .position = reply.position,
                 .remaining_ttl = reply.remaining_ttl},
                now, actions);
  if (attempt.heartbeat_at_once)
    send_heartbeat(std::get<Waiting>(state_), now, actions);
}

void LockMachine::still_waiting(Waiting& waiting, Instant requested_at, const HeartbeatReply& reply,
                                Instant now, Actions& actions) {
  waiting.last_failure = nullptr;
  waiting.heartbeat_failures = 0;
  waiting.heartbeat_due = requested_at + std::min(waiting.pause, pause_at(reply.position));
  if (reply.position == 1 && reply.remaining_ttl) {
    // If the holder is dead, no release sends a wake-up.
    waiting.heartbeat_due =
        std::min(waiting.heartbeat_due, now + *reply.remaining_ttl + after_expiry);
  }
  if (std::exchange(waiting.heartbeat_again, false))
    send_heartbeat(waiting, now, actions);
  if (std::exchange(waiting.position, reply.position) != reply.position)
    actions.push_back(
        NotifyWaiting{.position = reply.position, .remaining_ttl = reply.remaining_ttl});
}

Actions LockMachine::heartbeat_replied(Ticket ticket, Instant requested_at,
                                       const Answer<HeartbeatReply>& answer, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  const auto* reply = std::get_if<HeartbeatReply>(&answer);
  if (reply != nullptr)
    highest_fence_ = std::max(highest_fence_, reply->fence);
  auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting == nullptr || waiting->ticket != ticket)
    return actions;  // the wait has ended with a release, which gives back a grant as well
  waiting->heartbeat_in_flight = false;
  if (reply == nullptr) {
    const auto& failure = std::get<StoreFailure>(answer);
    // The deadline cut the heartbeat off. The wait ends there anyway, so that is no failure.
    const bool is_cut_off = waiting->wait.until && now >= *waiting->wait.until &&
                            failure.code == errc::outcome_unknown &&
                            now - requested_at < heartbeat_interval(settings_.ttl);
    if (!is_cut_off)
      heartbeat_failed(*waiting, failure, now, actions);
    return actions;
  }
  switch (reply->outcome) {
    case HeartbeatReplyStatus::granted:
      hold_or_give_back(ticket, reply->fence, requested_at, now, actions);
      break;
    case HeartbeatReplyStatus::waiting:
      still_waiting(*waiting, requested_at, *reply, now, actions);
      break;
    case HeartbeatReplyStatus::gone: {
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

void LockMachine::heartbeat_failed(Waiting& waiting, const StoreFailure& failure, Instant now,
                                   Actions& actions) {
  if (!is_passing(failure.code)) {
    stop_waiting(failure, now, actions);
    return;
  }
  ++waiting.heartbeat_failures;
  waiting.last_failure = std::make_shared<const StoreFailure>(failure);
  waiting.heartbeat_again = false;
  waiting.heartbeat_due =
      now + failure_pause(waiting.heartbeat_failures, heartbeat_interval(settings_.ttl));
}

Actions LockMachine::wake_up_pushed(const WakeUp& wake_up, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  // For another ticket, whose attempt was abandoned, a release gives back the grant.
  if (wake_up.owner.id == owner_id_ && attempting() == wake_up.owner.ticket)
    send_heartbeat_if_waiting(now, actions);
  return actions;
}

Actions LockMachine::pushes_resumed(Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  send_heartbeat_if_waiting(now, actions);
  return actions;
}

void LockMachine::send_heartbeat_if_waiting(Instant now, Actions& actions) {
  if (auto* waiting = std::get_if<Waiting>(&state_))
    send_heartbeat(*waiting, now, actions);
  if (auto* attempting = std::get_if<Attempting>(&state_))
    attempting->heartbeat_at_once = true;
}

void LockMachine::set_max_heartbeat_pause(Milliseconds pause) {
  heartbeat_pause_ =
      std::clamp(pause, Milliseconds{1}, sparse_pause(settings_.ttl, max_pause_intervals));
}

Actions LockMachine::max_heartbeat_pause_cut(Instant now) {
  Actions actions;
  auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting != nullptr &&
      waiting->pause > std::max(heartbeat_pause_, heartbeat_interval(settings_.ttl)))
    send_heartbeat(*waiting, now, actions);
  return actions;
}

Milliseconds LockMachine::pause_at(std::size_t position) const {
  return std::min(heartbeat_pause_, sparse_pause(settings_.ttl, position));
}

void LockMachine::send_heartbeat(Waiting& waiting, Instant now, Actions& actions) {
  if (waiting.heartbeat_in_flight) {
    waiting.heartbeat_again = true;
    return;
  }
  waiting.heartbeat_in_flight = true;
  waiting.pause = std::max(pause_at(waiting.position), heartbeat_interval(settings_.ttl));
  actions.push_back(
      SendHeartbeat{.request = {.key = settings_.key,
                                .owner = owner(waiting.ticket),
                                .ttl = settings_.ttl,
                                .alive_for = alive_for(waiting.wait, waiting.pause, now)},
                    .requested_at = now});
}

void LockMachine::look_after_waiting(Waiting& waiting, Instant now, Actions& actions) {
  if (waiting.wait.until && now >= *waiting.wait.until) {
    AcquireAnswer answer = Busy{.remaining_ttl = std::nullopt};
    if (waiting.last_failure)
      answer = *waiting.last_failure;
    stop_waiting(std::move(answer), now, actions);
  } else if (!waiting.heartbeat_in_flight && now >= waiting.heartbeat_due) {
    send_heartbeat(waiting, now, actions);
  }
}

// The entry counts as alive no longer than its caller waits.
Milliseconds LockMachine::alive_for(const Wait& wait, Milliseconds pause, Instant now) const {
  const Milliseconds whole = alive_through(pause, settings_.ttl);
  if (!wait.until)
    return whole;
  const Milliseconds left = std::chrono::ceil<Milliseconds>(*wait.until - now);
  return std::clamp(left, Milliseconds{1}, whole);
}

}  // namespace exclusive_lock
