#include "runtime/lock_handle.hpp"

#include <algorithm>
#include <utility>

#include "core/record_codec.hpp"
#include "runtime/cache_warming.hpp"
#include "runtime/pending.hpp"

namespace exclusive_lock {

LockHandle::LockHandle(Engine& engine, LockSettings settings, std::shared_ptr<spdlog::logger> log)
    : engine_(engine),
      log_(engine.in_background(std::move(log))),
      machine_(std::move(settings), engine.random().id()) {}

void LockHandle::subscribe() { engine_.subscribe(shared_from_this()); }

// --- calls, on the caller's thread -------------------------------------------------------------

void LockHandle::release(ReleaseAnswered answered, std::optional<Ticket> only,
                         std::optional<Milliseconds> done_for) {
  on_strand([answered = std::move(answered), only, done_for](LockHandle& self) mutable {
    if (only && self.published_ != only) {
      answered({.outcome = ReleaseOutcome::not_held});
    } else {
      self.request_release(std::move(answered), done_for);
    }
  });
}

// Releases whether it holds or not, in one turn of the strand, where other threads may be using the
// engine until then.
void LockHandle::close() {
  engine_.unsubscribe(*this);
  wait_for_answer<DoneRelease>(engine_.store(), [this](auto answered) {
    on_strand([answered](LockHandle& self) {
      self.end_all();
      if (self.settings().detached) {
        self.carry_out(self.machine_.detached(self.now()));
        answered({});
      } else {
        self.request_release(answered, std::nullopt);
      }
    });
  });
  engine_.scheduler().cancel(shared_from_this());
  if (auto* handlers = handlers_.if_made())
    handlers->close();
}

std::optional<Instant> LockHandle::safe_until() const noexcept { return hold_.safe_until(now()); }

std::string LockHandle::owner() const {
  return safe_until() ? owner_text({.id = machine_.owner_id(), .ticket = hold_.ticket()})
                      : std::string();
}

// --- events, from the engine -------------------------------------------------------------------

// The text of a key is in one cache line or two.
void LockHandle::will_ring() const noexcept {
  const std::string& key = settings().key;
  warm(key.data());
  warm(key.data() + key.size());
}

void LockHandle::ring() {
  strand_.post([self = shared_from_this()] {
    self->alarm_at_ = std::nullopt;
    self->carry_out(self->machine_.woken(self->now()));
  });
}

void LockHandle::store_clock_stepped(std::chrono::microseconds step) {
  strand_.post([self = shared_from_this(), step] {
    self->carry_out(self->machine_.store_clock_stepped(step, self->now()));
  });
}

void LockHandle::store_clock_drifts() {
  strand_.post([self = shared_from_this()] { self->look_at_store_clock(); });
}

// --- steps, on the strand ----------------------------------------------------------------------

void LockHandle::carry_out(Actions actions) {
  publish(actions);
  set_alarm();
  for (Action& action : actions) {
    std::visit([this](auto& each) { perform(std::move(each)); }, action);
  }
  resume_first_idle();
}

// Before a reply is looked at, which may begin a hold or prolong one.
void LockHandle::look_at_store_clock() {
  if (const Drift drift = store_drift(); drift != machine_.drift())
    carry_out(machine_.store_clock_drifts(drift, now()));
}

void LockHandle::publish(Actions& actions) {
  auto hold = machine_.hold();
  if (hold && published_ == hold->owner.ticket && !hold_.move(hold->safe_until)) {
    // A caller was shown "not held" before this step could be published: that is final (G5).
    for (Action& action : machine_.belief_ended(now()))
      actions.push_back(std::move(action));
    hold = std::nullopt;
  }
  if (hold && published_ != hold->owner.ticket) {
    notified_callers_ = 0;
    hold_.begin(hold->owner.ticket, hold->fence, hold->safe_until);
  } else if (!hold && published_) {
    hold_.end();
  }
  published_ = hold ? std::optional(hold->owner.ticket) : std::nullopt;
}

// An alarm that rings too early costs less than setting it at every step.
void LockHandle::set_alarm() {
  if (const auto due = machine_.refresh_to_plan())
    machine_.plan_refresh(engine_.refresher().plan(*due, settings().refresh_interval));
  const auto wake = machine_.next_wake();
  if (!wake || closed_ || (alarm_at_ && *alarm_at_ <= *wake))
    return;
  alarm_at_ = std::nullopt;  // in case there is no memory for it: the next step tries again
  engine_.scheduler().set(*wake, shared_from_this());
  alarm_at_ = wake;
}

void LockHandle::perform(SendAttempt action) {
  const Ticket ticket = action.request.owner.ticket;
  engine_.store().attempt(
      std::move(action.request), action.answer_by,
      [self = shared_from_this(), ticket,
       requested_at = action.requested_at](const Answer<AttemptReply>& answer) {
        const auto* reply = std::get_if<AttemptReply>(&answer);
        if (reply != nullptr && reply->store_time) {
          self->engine_.store_time_seen(requested_at, *reply->store_time);
        }
        self->strand_.post([self, ticket, answer] {
          if (const auto* reply = std::get_if<AttemptReply>(&answer);
              reply != nullptr && reply->outcome == AttemptReplyStatus::waiting)
            self->set_heartbeat_pause();
          self->look_at_store_clock();
          self->carry_out(self->machine_.attempt_replied(ticket, answer, self->now()));
        });
      });
}

void LockHandle::perform(SendHeartbeat action) {
  const Ticket ticket = action.request.owner.ticket;
  const Instant requested_at = action.requested_at;
  engine_.store().heartbeat(
      std::move(action.request), requested_at + settings().command_timeout,
      [self = shared_from_this(), ticket, requested_at](const Answer<HeartbeatReply>& answer) {
        const auto* reply = std::get_if<HeartbeatReply>(&answer);
        if (reply != nullptr && reply->store_time) {
          self->engine_.store_time_seen(requested_at, *reply->store_time);
        }
        self->strand_.post([self, ticket, requested_at, answer] {
          self->set_heartbeat_pause();
          self->look_at_store_clock();
          self->carry_out(
              self->machine_.heartbeat_replied(ticket, requested_at, answer, self->now()));
        });
      });
}

void LockHandle::request_release(ReleaseAnswered answered, std::optional<Milliseconds> done_for) {
  const RequestId request = callers_.new_request();
  callers_.add(request, std::move(answered));
  try {
    carry_out(machine_.release_requested(request, now(), done_for));
  } catch (...) {  // out of memory
    machine_.release_not_sent();
    static_cast<void>(callers_.take_release(request));
    throw;
  }
}

void LockHandle::perform(const SendRelease& action) {
  Releaser::FirstAnswer first_answer;  // what only cleans up is not reported
  if (action.requested_by) {
    first_answer = [self = shared_from_this(), ticket = action.request.owner.ticket,
                    request = *action.requested_by](const Answer<ReleaseReply>& answer) {
      self->strand_.post([self, ticket, request, answer] {
        self->released(ticket, answer, self->callers_.take_release(request));
      });
    };
  }
  engine_.releaser().release(action.request, action.pointless_after, std::move(first_answer));
}

void LockHandle::released(Ticket ticket, const Answer<ReleaseReply>& answer,
                          const ReleaseAnswered& caller) {
  machine_.release_answered(ticket);
  report_release(ticket, answer, caller);
  resume_first_idle();
}

void LockHandle::perform(const ConcludeReleaseNotHeld& action) {
  callers_.take_release(action.request)({.outcome = ReleaseOutcome::not_held});
}

}  // namespace exclusive_lock
