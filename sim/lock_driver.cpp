#include "sim/lock_driver.hpp"

#include <sstream>
#include <utility>

#include "core/heartbeat.hpp"
#include "core/pace.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

// As RedisStore's.
constexpr Milliseconds retry_pause = 200ms;
// As Releaser's.
constexpr Milliseconds shortest_backoff = 20ms;
constexpr Milliseconds longest_backoff = 1000ms;

std::string told(const AcquireAnswer& answer) {
  struct Words {
    std::string operator()(const Acquired&) const { return "acquired"; }
    std::string operator()(const AlreadyHeld&) const { return "held already"; }
    std::string operator()(const Busy&) const { return "busy"; }
    std::string operator()(const BusyHere&) const { return "busy here"; }
    std::string operator()(const StoreFailure& failure) const { return failure.message; }
  };
  return std::visit(Words(), answer);
}

}  // namespace

LockDriver::LockDriver(Process& process, LockSettings settings, User user)
    : process_(process),
      settings_(std::move(settings)),
      id_(process.world().random.id()),
      name_(process.name() + "." + std::to_string(id_[0] % 10) + std::to_string(id_[1] % 10)),
      user_(std::move(user)),
      machine_(settings_, id_) {
  process_.world().checkers.object_made(id_, name_, process_.id(), settings_.ttl);
  process_.receive(id_, {.granted = [this](const Grant& grant) { granted(grant); },
                         .pushes_resumed =
                             [this] {
                               if (call_) {
                                 set_beat_pause();
                                 carry_out(machine_.pushes_resumed(now()));
                               }
                             },
                         .clock_stepped =
                             [this](std::chrono::microseconds step) {
                               say([&] { return "hears that the store's clock stepped"; });
                               carry_out(machine_.store_clock_stepped(step, now()));
                             }});
}

// --- the user's calls --------------------------------------------------------------------------

void LockDriver::try_acquire() {
  call_.emplace(Call{.plan = {now(), retry_pause}, .deadline = {}, .wait = {}, .is_one_try = true});
  say([] { return "tries"; });
  ask();
}

void LockDriver::acquire_until(std::optional<Instant> deadline) {
  call_.emplace(Call{.plan = {deadline, retry_pause},
                     .deadline = deadline,
                     .wait = {.until = deadline},
                     .is_one_try = false});
  say([&] {
    return deadline
               ? "acquires, for " +
                     std::to_string(std::chrono::floor<Milliseconds>(*deadline - now()).count()) +
                     " ms"
               : std::string("acquires, for as long as it takes");
  });
  ask();
}

void LockDriver::ask() {
  const bool is_last_try = call_->deadline && now() >= *call_->deadline;
  const bool waits = !call_->is_one_try && !is_last_try;
  carry_out(machine_.acquire_requested(AcquireMode::as_object,
                                       waits ? std::optional(call_->wait) : std::nullopt, now()));
}

void LockDriver::answered(const AcquireAnswer& answer) {
  if (!call_) {
    return;
  }
  say([&] { return "hears: " + told(answer); });
  const bool succeeded = std::holds_alternative<Acquired>(answer);
  if (call_->is_one_try || succeeded || call_->is_stopped) {
    end_call(succeeded);
    return;
  }
  const auto step = call_->plan.after(answer, now(), process_.world().random.unit());
  const auto* again = std::get_if<WaitPlan::TryAt>(&step);
  if (again == nullptr) {
    end_call(false);
    return;
  }
  call_->is_pausing = true;
  call_->wait.resumes = true;
  process_.at(again->at, [this, number = calls_] {
    if (number == calls_ && call_) {
      call_->is_pausing = false;
      ask();
    }
  });
}

void LockDriver::end_call(bool acquired) {
  call_.reset();
  ++calls_;
  // The caller's thread hears of it a moment later.
  process_.after(0ns, [this, acquired] { user_.acquire_ended(acquired); });
}

void LockDriver::cancel() {
  if (!call_) {
    return;
  }
  say([] { return "gives up"; });
  call_->is_stopped = true;
  if (const auto ticket = machine_.attempting()) {
    carry_out(machine_.attempt_abandoned(*ticket, now()));
  } else if (call_->is_pausing) {
    end_call(false);
  }
}

void LockDriver::release() {
  say([] { return "releases"; });
  keeps_belief_ = has_bug(Mutant::belief_outlives_release);
  carry_out(machine_.release_requested(now()));
}

void LockDriver::refresh() { carry_out(machine_.refresh_requested(now())); }

std::optional<ShownHold> LockDriver::shown() const {
  const auto until = belief_.look(Instant{});
  if (!until || !published_) {
    return std::nullopt;
  }
  return ShownHold{.key = settings_.key,
                   .owner = owner(),
                   .safe_until = *until,
                   .now = now(),
                   .safe_until_truly = process_.clock().truly(*until),
                   .awake_since = process_.awake_since()};
}

std::optional<Owner> LockDriver::waiting_as() const {
  const auto ticket = machine_.attempting();
  return ticket ? std::optional(Owner{.id = id_, .ticket = *ticket}) : std::nullopt;
}

bool LockDriver::is_at_rest() const {
  return !call_ && !machine_.hold() && !machine_.attempting() && giving_back_ == 0;
}

// --- steps, as in LockHandle -------------------------------------------------------------------

void LockDriver::carry_out(Actions actions) {
  publish(actions);
  set_alarm();
  for (const Action& action : actions) {
    std::visit([this](const auto& each) { perform(each); }, action);
  }
}

void LockDriver::publish(Actions& actions) {
  if (keeps_belief_) {
    return;
  }
  auto hold = machine_.hold();
  if (hold && published_ == hold->owner.ticket && !belief_.move(hold->safe_until)) {
    for (Action& action : machine_.belief_ended(now())) {
      actions.push_back(std::move(action));
    }
    hold = std::nullopt;
  }
  if (hold && published_ != hold->owner.ticket) {
    published_ = last_held_ = hold->owner.ticket;
    fence_ = hold->fence;
    belief_.begin(hold->safe_until);
  }
  if (!hold && published_) {
    published_ = std::nullopt;
    belief_.end();
  }
}

void LockDriver::set_alarm() {
  if (const auto due = machine_.refresh_to_plan()) {
    machine_.plan_refresh(process_.plan_refresh(*due, settings_.refresh_interval));
  }
  const bool sleeps = has_bug(Mutant::sleeps_through_the_end) && machine_.hold();
  const auto wake = sleeps ? std::nullopt : machine_.next_wake();
  if (wake == alarm_at_) {
    return;
  }
  alarm_at_ = wake;
  ++alarm_;
  if (!wake) {
    return;
  }
  process_.at(*wake, [this, number = alarm_] {
    if (number == alarm_) {
      alarm_at_ = std::nullopt;
      carry_out(machine_.woken(now()));
    }
  });
}

void LockDriver::set_beat_pause() {
  machine_.beat_every(process_.is_subscribed() ? Milliseconds::max() : retry_pause);
}

void LockDriver::granted(Grant grant) {
  say([&] {
    return (grant.is_nudge() ? "is nudged as #" : "gets a push for #") +
           std::to_string(grant.owner.ticket);
  });
  if (!call_) {
    return;
  }
  set_beat_pause();
  const auto attempting = machine_.attempting();
  if (has_bug(Mutant::push_of_any_ticket) && attempting) {
    grant.owner.ticket = *attempting;
    grant.granted_at = std::nullopt;
  }
  if (has_bug(Mutant::hand_over_from_receipt) && attempting == grant.owner.ticket) {
    static_cast<void>(
        machine_.beat_replied(grant.owner.ticket, now(),
                              BeatReply{.outcome = BeatOutcome::waiting, .position = 1}, now()));
  }
  carry_out(machine_.grant_pushed(grant, now()));
}

void LockDriver::perform(const SendAttempt& action) {
  send_attempt(action.request, action.requested_at);
}

void LockDriver::send_attempt(AttemptRequest request, Instant requested_at) {
  const Instant deadline = now() + settings_.command_timeout;
  process_.ask<AttemptReply>(
      request, deadline, [this, request, requested_at](const Answer<AttemptReply>& answer) mutable {
        const auto* reply = std::get_if<AttemptReply>(&answer);
        if (reply != nullptr) {
          process_.store_time_seen(requested_at, reply->store_time);
        }
        const Ticket ticket = request.owner.ticket;
        if (has_bug(Mutant::same_ticket_again) && reply == nullptr &&
            machine_.attempting() == ticket) {
          request.not_after = now() + settings_.command_timeout;
          send_attempt(std::move(request), requested_at);
          return;
        }
        set_beat_pause();
        carry_out(machine_.attempt_replied(ticket, answer, now()));
      });
}

void LockDriver::perform(const SendBeat& action) {
  if (has_bug(Mutant::push_wakes_only)) {
    return;
  }
  if (has_bug(Mutant::beats_come_late)) {
    process_.after(2 * heartbeat(settings_.ttl), [this, action] { send_beat(action); });
    return;
  }
  send_beat(action);
}

void LockDriver::send_beat(const SendBeat& action) {
  const Instant requested_at = action.requested_at;
  process_.ask<BeatReply>(
      action.request, requested_at + settings_.command_timeout,
      [this, ticket = action.request.owner.ticket, requested_at](const Answer<BeatReply>& answer) {
        const auto* reply = std::get_if<BeatReply>(&answer);
        if (reply != nullptr) {
          process_.store_time_seen(requested_at, reply->store_time);
        }
        set_beat_pause();
        carry_out(machine_.beat_replied(ticket, requested_at, answer, now()));
      });
}

void LockDriver::perform(const SendRefresh& action) {
  const Instant requested_at = action.requested_at;
  process_.ask<RefreshReply>(
      action.request, requested_at + settings_.command_timeout,
      [this, ticket = action.request.owner.ticket,
       requested_at](const Answer<RefreshReply>& answer) {
        const auto* reply = std::get_if<RefreshReply>(&answer);
        if (reply != nullptr) {
          process_.store_time_seen(requested_at, reply->store_time);
        }
        Answer<RefreshVerdict> verdict = RefreshVerdict::lost;
        if (reply != nullptr) {
          verdict = reply->verdicts.at(0);
        } else if (!has_bug(Mutant::gives_up_at_trouble)) {
          verdict = std::get<StoreFailure>(answer);
        }
        const Instant counts_from = has_bug(Mutant::refresh_from_receipt) ? now() : requested_at;
        const Instant seen_at = has_bug(Mutant::late_reply_revives) ? requested_at : now();
        carry_out(machine_.refresh_replied(ticket, counts_from, verdict, seen_at));
        const bool is_refreshed =
            reply != nullptr && reply->verdicts[0] == RefreshVerdict::refreshed;
        if (has_bug(Mutant::released_hold_revives) && is_refreshed && !published_) {
          published_ = ticket;
          belief_.begin(requested_at + settings_.ttl);
        }
      });
}

void LockDriver::perform(const SendRelease& action) {
  if (action.called_for) {
    is_told_held_ = false;
  }
  ++giving_back_;
  give_back(action.request, action.pointless_after, 0, action.called_for);
}

void LockDriver::give_back(const ReleaseRequest& request, Instant pointless_after, int failures,
                           bool is_called_for) {
  process_.ask<ReleaseReply>(
      request, now() + settings_.command_timeout,
      [this, request, pointless_after, failures,
       is_called_for](const Answer<ReleaseReply>& answer) {
        if (is_called_for && failures == 0) {
          if (std::exchange(keeps_belief_, false)) {
            carry_out({});
          }
          user_.released();
        }
        const Instant next = now() + backoff_pause(failures + 1, shortest_backoff, longest_backoff,
                                                   process_.world().random.unit());
        const bool is_over =
            std::holds_alternative<ReleaseReply>(answer) || next >= pointless_after;
        if (is_over) {
          --giving_back_;
        }
        if (is_over && !has_bug(Mutant::gives_back_for_ever)) {
          return;
        }
        process_.at(is_over ? now() + 6h : next,
                    [this, request, pointless_after, failures, is_called_for, is_over] {
                      giving_back_ += is_over ? 1 : 0;
                      give_back(request, pointless_after, failures + 1, is_called_for);
                    });
      });
}

void LockDriver::perform(const ConcludeReleaseNotHeld&) {
  keeps_belief_ = false;
  user_.released();
}

void LockDriver::perform(const TellWaiting& action) {
  say([&] { return "waits at position " + std::to_string(action.position); });
}

void LockDriver::perform(const TellAcquired& action) {
  is_told_held_ = true;
  say([&] { return "holds it, fence " + std::to_string(action.fence.value); });
}

void LockDriver::perform(const TellLost& action) {
  is_told_held_ = false;
  if (action.reason == LossReason::record_gone) {
    process_.world().checkers.told_gone(settings_.key, {.id = id_, .ticket = last_held_});
  }
  say([&] { return "has lost it, reason " + std::to_string(static_cast<int>(action.reason)); });
  user_.lost();
}

}  // namespace exclusive_lock::sim
