#include "core/lock_machine.hpp"

#include <algorithm>
#include <utility>

#include "core/heartbeat.hpp"
#include "core/pace.hpp"
#include "core/safe_window.hpp"

namespace exclusive_lock {
LockMachine::LockMachine(LockSettings settings, std::array<std::uint8_t, 16> owner_id)
    : settings_(std::move(settings)),
      owner_id_(owner_id),
      heartbeat_pause_(heartbeat_interval(settings_.ttl)) {}

// --- acquire -----------------------------------------------------------------------------------

Actions LockMachine::acquire_requested(RequestId request, AcquireMode mode,
                                       const std::optional<Wait>& wait, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  if (const auto closed = closed_for(closed_until_, now)) {
    actions.push_back(AnswerAcquire{request, Busy{.remaining_ttl = *closed}});
  } else if (std::holds_alternative<Idle>(state_) && !recording_) {
    if (!wait || !wait->resumes)
      arrived_at_ = std::nullopt;
    send_attempt(wait, now, actions);
  } else if (recording_ || mode == AcquireMode::as_mutex ||
             std::holds_alternative<Waiting>(state_)) {
    actions.push_back(AnswerAcquire{request, BusyHere{}});
  } else if (std::holds_alternative<Held>(state_)) {
    actions.push_back(AnswerAcquire{request, AlreadyHeld{}});
  }
  return actions;  // attempting, as_object: the reply to that attempt answers this caller as well
}

void LockMachine::send_attempt(const std::optional<Wait>& wait, Instant now, Actions& actions) {
  const Ticket ticket = ++last_ticket_;
  state_ = Attempting{.ticket = ticket, .requested_at = now, .wait = wait};
  const Instant timeout = now + settings_.command_timeout;
  const Instant answer_by = wait && wait->until ? std::min(*wait->until, timeout) : timeout;
  AttemptRequest request{.key = settings_.key,
                         .owner = owner(ticket),
                         .ttl = settings_.ttl,
                         .record_tail = *settings_.record_tail,
                         .floor = highest_fence_,
                         .not_after = std::min(answer_by, now + settings_.ttl),
                         .detached = settings_.detached,
                         .barging_limit = settings_.barging_limit};
  if (wait) {
    request.wait_options =
        WaitOptions{.alive_for = alive_for(*wait, heartbeat_interval(settings_.ttl), now),
                    .confirm_ttl = confirm_ttl(settings_.ttl),
                    .arrived_at = arrived_at_,
                    .max_waiting = settings_.queue_limit};
  }
  actions.push_back(
      SendAttempt{.request = std::move(request), .requested_at = now, .answer_by = answer_by});
}

Actions LockMachine::attempt_replied(Ticket ticket, const Answer<AttemptReply>& answer,
                                     Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  const auto* reply = std::get_if<AttemptReply>(&answer);
  if (reply != nullptr)
    highest_fence_ = std::max(highest_fence_, reply->fence);

  const auto* attempting = std::get_if<Attempting>(&state_);
  if (attempting == nullptr || attempting->ticket != ticket) {
    // The attempt was abandoned and given back. Give its grant or entry back once more: if the
    // script had to be sent again, the attempt may have been carried out after the first give-back.
    if (reply != nullptr && (reply->outcome == AttemptReplyStatus::granted ||
                             reply->outcome == AttemptReplyStatus::waiting))
      give_back(ticket, latest_expiry(now), actions);
    return actions;
  }
  const Attempting attempt = *attempting;
  state_ = Idle{};
  if (reply == nullptr) {
    const auto& failure = std::get<StoreFailure>(answer);
    if (failure.may_have_run)
      give_back(ticket, latest_expiry(now), actions);
    actions.push_back(ConcludeAcquire{failure});
    return actions;
  }
  switch (reply->outcome) {
    case AttemptReplyStatus::granted:
      hold_or_give_back(attempt.ticket, reply->fence, attempt.requested_at, now, actions);
      break;
    case AttemptReplyStatus::waiting:
      begin_waiting(attempt, *reply, now, actions);
      break;
    case AttemptReplyStatus::queue_full:
      actions.push_back(ConcludeAcquire{StoreFailure{
          .code = errc::queue_full,
          .message = std::to_string(settings_.queue_limit) +
                     " others wait for this lock already, which is the limit (queue_limit)",
          .may_have_run = false}});
      break;
    case AttemptReplyStatus::busy:
    // A newer ticket of this object, which was given back, is there: it goes away by itself.
    case AttemptReplyStatus::superseded:
      actions.push_back(ConcludeAcquire{Busy{.remaining_ttl = reply->remaining_ttl}});
      break;
    case AttemptReplyStatus::too_late:
      actions.push_back(ConcludeAcquire{StoreFailure{
          .code = errc::store_unavailable,
          .message = "the request reached the store after its deadline and was not carried out",
          .may_have_run = false,
          .is_time_over = true}});
      break;
  }
  return actions;
}

void LockMachine::hold_or_give_back(Ticket ticket, Fence fence, Instant requested_at, Instant now,
                                    Actions& actions) {
  arrived_at_ = std::nullopt;
  const Instant until = safe_until(requested_at, settings_.ttl, drift_);
  if (now >= until) {
    state_ = Idle{};
    give_back(ticket, latest_expiry(now), actions);
    actions.push_back(
        ConcludeAcquire{StoreFailure{.code = errc::outcome_unknown,
                                     .message = "the lock was granted, but the reply came when "
                                                "the hold was nearly over; it was given back",
                                     .may_have_run = true}});
    return;
  }
  const Instant refresh_due = requested_at + settings_.refresh_interval;
  state_ = Held{.ticket = ticket,
                .fence = fence,
                .safe_until = until,
                .record_gone_by = latest_expiry(now),
                .refresh_due = refresh_due,
                .refresh_at = refresh_due};
  actions.push_back(NotifyAcquired{.fence = fence});
  actions.push_back(ConcludeAcquire{Acquired{}});
}

Actions LockMachine::attempt_abandoned(Ticket ticket, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  if (attempting() == ticket)
    stop_waiting(Busy{.remaining_ttl = std::nullopt}, now, actions);
  return actions;
}

void LockMachine::stop_waiting(AcquireAnswer answer, Instant now, Actions& actions) {
  const Ticket ticket = attempting().value();
  state_ = Idle{};
  give_back(ticket, latest_expiry(now), actions);
  actions.push_back(ConcludeAcquire{std::move(answer)});
}

// --- refresh -----------------------------------------------------------------------------------

Actions LockMachine::refresh_requested(Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  auto* held = std::get_if<Held>(&state_);
  if (held == nullptr) {
    actions.push_back(ConcludeRefresh{RefreshOutcome::not_held});
    return actions;
  }
  held->refresh_called_for = true;
  if (!held->refresh_in_flight)
    send_refresh(*held, now, actions);
  return actions;
}

void LockMachine::send_refresh(Held& held, Instant now, Actions& actions) {
  const std::optional<Milliseconds> closed = closed_for(held.closed_until, now);
  const Milliseconds ttl = std::max(settings_.ttl, closed.value_or(Milliseconds::zero()));
  held.refresh_in_flight = true;
  held.is_refreshed_again = false;
  refresh_next(held, now + settings_.refresh_interval);  // if this one succeeds
  held.record_gone_by =
      std::max(held.record_gone_by, latest_expiry(now + settings_.command_timeout, ttl));
  actions.push_back(SendRefresh{.request = {.key = settings_.key,
                                            .owner = owner(held.ticket),
                                            .ttl = ttl,
                                            .detached = closed.has_value()},
                                .requested_at = now});
}

Actions LockMachine::refresh_replied(Ticket ticket, Instant requested_at,
                                     const Answer<RefreshReplyStatus>& answer, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  auto* held = std::get_if<Held>(&state_);
  if (held == nullptr || held->ticket != ticket)
    return actions;
  held->refresh_in_flight = false;

  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    refresh_failed(*held, *failure, now, actions);
    return actions;
  }
  switch (std::get<RefreshReplyStatus>(answer)) {
    case RefreshReplyStatus::lost:
      lose(LossReason::record_gone, now, actions);
      break;
    case RefreshReplyStatus::refreshed:
      held->safe_until =
          std::max(held->safe_until, safe_until(requested_at, settings_.ttl, drift_));
      refresh_next(*held, requested_at + settings_.refresh_interval);
      held->refresh_failures = 0;
      actions.push_back(NotifyRefreshed{});
      if (held->is_refreshed_again) {
        send_refresh(*held, now, actions);
        break;
      }
      held->surely_closed_until = held->closed_until;
      if (std::exchange(held->refresh_called_for, false)) {
        actions.push_back(ConcludeRefresh{RefreshOutcome::refreshed});
      }
      break;
  }
  return actions;
}

// Keeps the plan if it was made for the same time.
void LockMachine::refresh_next(Held& held, Instant due) {
  if (held.refresh_due == due)
    return;
  held.refresh_due = due;
  held.refresh_at = due;
  held.is_planned = false;
}

void LockMachine::refresh_unplanned(Held& held, Instant at) {
  held.refresh_due = at;
  held.refresh_at = at;
  held.is_planned = true;
}

void LockMachine::refresh_failed(Held& held, const StoreFailure& failure, Instant now,
                                 Actions& actions) {
  ++held.refresh_failures;
  held.closed_until = held.surely_closed_until;  // the caller gets `unknown`
  refresh_unplanned(held, now + failure_pause(held.refresh_failures, settings_.refresh_interval));
  actions.push_back(NotifyRefreshFailed{
      .failure = failure, .left = std::chrono::floor<Milliseconds>(held.safe_until - now)});
  if (std::exchange(held.refresh_called_for, false)) {
    actions.push_back(ConcludeRefresh{RefreshOutcome::unknown});
  }
}

// --- release, loss -----------------------------------------------------------------------------

Actions LockMachine::detached(Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  const auto* held = std::get_if<Held>(&state_);
  if (held == nullptr)
    return actions;
  if (held->refresh_called_for)
    actions.push_back(ConcludeRefresh{RefreshOutcome::not_held});
  state_ = Idle{};
  return actions;
}

Actions LockMachine::woken(Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  if (auto* waiting = std::get_if<Waiting>(&state_))
    look_after_waiting(*waiting, now, actions);
  auto* held = std::get_if<Held>(&state_);
  if (held == nullptr || !settings_.auto_refresh)
    return actions;
  if (now < held->refresh_at)
    return actions;
  if (held->refresh_in_flight) {
    refresh_unplanned(*held, held->safe_until);  // the reply sets a new time
  } else {
    send_refresh(*held, now, actions);
  }
  return actions;
}

Actions LockMachine::belief_ended(Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  if (std::holds_alternative<Held>(state_))
    lose(LossReason::not_confirmed, now, actions);
  return actions;
}

Actions LockMachine::store_clock_stepped(std::chrono::microseconds step, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  auto* held = std::get_if<Held>(&state_);
  if (held == nullptr || step <= std::chrono::microseconds::zero())
    return actions;
  held->safe_until -= step;
  refresh_unplanned(*held, now);
  if (now >= held->safe_until)
    lose(LossReason::store_clock_stepped, now, actions);
  return actions;
}

Actions LockMachine::store_clock_drifts(Drift drift, Instant now) {
  Actions actions;
  lose_if_over(now, actions);
  const Drift before = std::exchange(drift_, drift);
  auto* held = std::get_if<Held>(&state_);
  if (held == nullptr || drift <= before)
    return actions;
  held->safe_until -= drift.of(settings_.ttl) - before.of(settings_.ttl);
  refresh_unplanned(*held, now);
  if (now >= held->safe_until)
    lose(LossReason::store_clock_stepped, now, actions);
  return actions;
}

void LockMachine::lose_if_over(Instant now, Actions& actions) {
  const auto* held = std::get_if<Held>(&state_);
  if (held != nullptr && now >= held->safe_until)
    lose(LossReason::not_confirmed, now, actions);
}

void LockMachine::lose(LossReason reason, Instant now, Actions& actions) {
  const Held hold = std::get<Held>(state_);
  state_ = Idle{};
  if (reason != LossReason::record_gone)  // else the name is free already
    closed_until_ = hold.surely_closed_until;
  actions.push_back(NotifyLost{.fence = hold.fence, .reason = reason});
  if (hold.refresh_called_for)
    actions.push_back(ConcludeRefresh{RefreshOutcome::lost});
  // A refresh without a reply may have been carried out; its record would keep others out.
  if (reason != LossReason::record_gone)
    give_back(hold.ticket, hold.record_gone_by, actions, closed_for(hold.surely_closed_until, now));
}

// --- observers ---------------------------------------------------------------------------------

std::optional<LockMachine::Hold> LockMachine::hold() const {
  const auto* held = std::get_if<Held>(&state_);
  if (held == nullptr)
    return std::nullopt;
  return Hold{.owner = owner(held->ticket), .fence = held->fence, .safe_until = held->safe_until};
}

std::optional<Ticket> LockMachine::attempting() const {
  if (const auto* attempting = std::get_if<Attempting>(&state_))
    return attempting->ticket;
  if (const auto* waiting = std::get_if<Waiting>(&state_))
    return waiting->ticket;
  return std::nullopt;
}

std::optional<Instant> LockMachine::next_wake() const {
  if (const auto* waiting = std::get_if<Waiting>(&state_)) {
    if (!waiting->heartbeat_in_flight)
      return std::min(waiting->heartbeat_due, waiting->wait.until.value_or(Instant::max()));
    return waiting->wait.until;
  }
  const auto* held = std::get_if<Held>(&state_);
  if (held == nullptr)
    return std::nullopt;
  if (!settings_.auto_refresh)
    return held->safe_until;
  return std::min(held->safe_until, held->refresh_at);
}

std::optional<Instant> LockMachine::refresh_to_plan() const {
  const auto* held = std::get_if<Held>(&state_);
  const bool is_open = held != nullptr && settings_.auto_refresh && !held->is_planned;
  return is_open ? std::optional(held->refresh_due) : std::nullopt;
}

void LockMachine::plan_refresh(Instant at) {
  if (auto* held = std::get_if<Held>(&state_)) {
    held->refresh_at = at;
    held->is_planned = true;
  }
}

}  // namespace exclusive_lock
