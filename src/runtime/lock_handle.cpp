#include "runtime/lock_handle.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "core/record_codec.hpp"
#include "exclusive_lock/printable.hpp"
#include "runtime/pending.hpp"

namespace exclusive_lock {

LockHandle::LockHandle(Engine& engine, LockSettings settings, std::shared_ptr<spdlog::logger> log)
    : engine_(engine),
      settings_(std::move(settings)),
      log_(std::move(log)),
      handlers_(std::make_shared<EventHandlers>(engine.events(), log_)),
      shown_key_(printable(settings_.key)),
      owner_id_(engine.random().id()),
      machine_(settings_, owner_id_) {
  lost_.request_stop();
}

void LockHandle::subscribe() {
  engine_.subscribe(this, [weak = weak_from_this()](std::chrono::microseconds step) {
    const auto self = weak.lock();
    if (!self)
      return;
    self->strand_.post(
        [self, step] { self->carry_out(self->machine_.store_clock_stepped(step, self->now())); });
  });
}

// --- calls, on the caller's thread -------------------------------------------------------------

void LockHandle::release(ReleaseAnswered answered) {
  strand_.post([self = shared_from_this(), answered = std::move(answered)] {
    self->releasing_ = answered;
    self->carry_out(self->machine_.release_requested(self->now()));
    self->releasing_ = nullptr;
  });
}

void LockHandle::refresh(RefreshAnswered answered) {
  strand_.post([self = shared_from_this(), answered = std::move(answered)] {
    self->refreshers_.push_back(answered);
    self->carry_out(self->machine_.refresh_requested(self->now()));
  });
}

void LockHandle::close() {
  engine_.unsubscribe(this);
  // Waits for its turn on the strand, where other threads may be at work with the engine; and for
  // what is given back, which would not be sent any more if the connection went with this object.
  wait_for_answer<bool>([this](const auto& answered) {
    strand_.post([self = shared_from_this(), answered] {
      self->given_back_ = [answered] { answered(true); };
      self->end_all();
      if (self->settings_.detached)
        self->carry_out(self->machine_.detached(self->now()));
      if (const auto nothing_was_sent = std::exchange(self->given_back_, nullptr))
        nothing_was_sent();
    });
  });
  if (!settings_.detached)
    wait_for_answer<ReleaseOutcome>([this](auto answered) { release(std::move(answered)); });
  handlers_->close();
}

std::optional<Instant> LockHandle::safe_until() const noexcept { return belief_.look(now()); }

std::string LockHandle::owner() const {
  if (!safe_until())
    return {};
  const std::lock_guard guard(hold_mutex_);
  return owner_;
}

std::stop_token LockHandle::lost_token() const {
  const std::lock_guard guard(hold_mutex_);
  return lost_.get_token();
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

void LockHandle::publish(Actions& actions) {
  auto hold = machine_.hold();
  if (hold && published_ == hold->owner.ticket && !belief_.move(hold->safe_until)) {
    // Somebody was told "not held" before this step could be published: that is final (G5).
    for (Action& action : machine_.belief_ended(now()))
      actions.push_back(std::move(action));
    hold = std::nullopt;
  }
  if (hold && published_ != hold->owner.ticket)
    begin_hold(*hold);
  if (!hold && published_)
    end_hold();
}

void LockHandle::begin_hold(const LockMachine::Hold& hold) {
  published_ = hold.owner.ticket;
  told_held_ = 0;
  {
    const std::lock_guard guard(hold_mutex_);
    owner_ = owner_text(hold.owner);
    lost_ = std::stop_source{};
  }
  fence_.store(hold.fence.value);
  belief_.begin(hold.safe_until);
}

void LockHandle::end_hold() {
  published_ = std::nullopt;
  belief_.end();
}

void LockHandle::set_alarm() {
  const auto wake = machine_.next_wake();
  if (wake == alarm_at_)
    return;
  engine_.scheduler().cancel(alarm_);
  alarm_ = 0;
  alarm_at_ = wake;
  if (!wake)
    return;
  alarm_ = engine_.scheduler().at(*wake, [self = shared_from_this(), at = *wake] {
    self->strand_.post([self, at] {
      if (self->alarm_at_ == at)
        self->alarm_at_ = std::nullopt;
      self->carry_out(self->machine_.woken(self->now()));
    });
  });
}

void LockHandle::perform(SendAttempt action) {
  const Ticket ticket = action.request.owner.ticket;
  const Instant deadline = action.requested_at + settings_.command_timeout;
  engine_.store().attempt(
      std::move(action.request), deadline,
      [self = shared_from_this(), ticket,
       requested_at = action.requested_at](const Answer<AttemptReply>& answer) {
        const auto* reply = std::get_if<AttemptReply>(&answer);
        if (reply != nullptr && reply->store_time) {
          self->engine_.store_time_seen(requested_at, *reply->store_time);
        }
        self->strand_.post([self, ticket, answer] {
          self->set_beat_pause();
          self->carry_out(self->machine_.attempt_replied(ticket, answer, self->now()));
        });
      });
}

void LockHandle::perform(SendBeat action) {
  const Ticket ticket = action.request.owner.ticket;
  const Instant requested_at = action.requested_at;
  engine_.store().beat(
      std::move(action.request), requested_at + settings_.command_timeout,
      [self = shared_from_this(), ticket, requested_at](const Answer<BeatReply>& answer) {
        const auto* reply = std::get_if<BeatReply>(&answer);
        if (reply != nullptr && reply->store_time) {
          self->engine_.store_time_seen(requested_at, *reply->store_time);
        }
        self->strand_.post([self, ticket, requested_at, answer] {
          self->set_beat_pause();
          self->carry_out(self->machine_.beat_replied(ticket, requested_at, answer, self->now()));
        });
      });
}

void LockHandle::perform(SendRefresh action) {
  const Ticket ticket = action.request.owner.ticket;
  const Instant requested_at = action.requested_at;
  engine_.refresher().add(
      std::move(action.request), requested_at,
      [self = shared_from_this(), ticket, requested_at](const Answer<RefreshVerdict>& answer) {
        self->strand_.post([self, ticket, requested_at, answer] {
          self->carry_out(
              self->machine_.refresh_replied(ticket, requested_at, answer, self->now()));
        });
      });
  // In a round of the scheduler other holds may follow, and all of them are sent at its end.
  if (!engine_.scheduler().in_round())
    engine_.refresher().flush();
}

void LockHandle::perform(const SendRelease& action) {
  if (!action.called_for) {
    engine_.releaser().release(
        action.request, action.pointless_after,
        [told = std::exchange(given_back_, nullptr)](const Answer<ReleaseReply>&) {
          if (told)
            told();
        });
    return;
  }
  engine_.releaser().release(
      action.request, action.pointless_after,
      [self = shared_from_this(), caller = releasing_](const Answer<ReleaseReply>& answer) {
        self->strand_.post([self, caller, answer] { self->released(answer, caller); });
      });
}

void LockHandle::released(const Answer<ReleaseReply>& answer, const ReleaseAnswered& caller) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    log_->error("{} lock: not released yet: {}; it ends by its ttl at the latest", shown_key_,
                failure->message);
    handlers_->tell(
        ErrorEvent{.key = settings_.key, .error = failure->code, .message = failure->message});
    caller(ReleaseOutcome::unknown);
    return;
  }
  switch (std::get<ReleaseReply>(answer).verdict) {
    case ReleaseVerdict::released:
      log_->info("{} lock released", shown_key_);
      handlers_->tell(ReleasedEvent{.key = settings_.key});
      caller(ReleaseOutcome::released);
      break;
    case ReleaseVerdict::left:  // a release of a hold never finds an entry of its own
    case ReleaseVerdict::not_owner:
      log_->warn("{} lock was lost before it was released: its record is gone or somebody else's",
                 shown_key_);
      caller(ReleaseOutcome::not_held);
      break;
  }
}

void LockHandle::perform(const AnswerAcquire& action) {
  if (std::holds_alternative<AlreadyHeld>(action.answer)) {
    log_->warn("{} lock is held by this object already; release it first", shown_key_);
    ++told_held_;
  }
  std::exchange(asking_, nullptr)->answered(action.answer, std::nullopt);
}

void LockHandle::perform(const ConcludeAcquire& action) {
  if (const auto* failure = std::get_if<StoreFailure>(&action.answer)) {
    log_->error("{} lock not acquired: {}", shown_key_, failure->message);
  }
  const auto acquirers = std::exchange(acquirers_, {});
  if (std::holds_alternative<Acquired>(action.answer))
    told_held_ += acquirers.size();
  for (const Operation& acquirer : acquirers)
    acquirer->answered(action.answer, published_);
}

void LockHandle::perform(const TellWaiting& action) {
  while (acquirers_.size() > 1) {  // those that joined the attempt of the first
    const Operation joined = acquirers_.back();
    acquirers_.pop_back();
    joined->answered(BusyHere{}, std::nullopt);
  }
  log_->debug("{} lock is awaited, position {} in the queue", shown_key_, action.position);
  handlers_->tell(WaitingEvent{.key = settings_.key, .position = action.position});
}

void LockHandle::perform(const ConcludeRefresh& action) {
  RefreshOutcome outcome = RefreshOutcome::unknown;
  switch (action.conclusion) {
    case RefreshConclusion::refreshed:
      outcome = RefreshOutcome::refreshed;
      break;
    case RefreshConclusion::not_held:
      outcome = RefreshOutcome::not_held;
      break;
    case RefreshConclusion::lost:
      outcome = RefreshOutcome::lost;
      break;
    case RefreshConclusion::unknown:
      outcome = RefreshOutcome::unknown;
      break;
  }
  for (const auto& refresher : std::exchange(refreshers_, {}))
    refresher(outcome);
}

void LockHandle::perform(const ConcludeReleaseNotHeld&) { releasing_(ReleaseOutcome::not_held); }

void LockHandle::perform(const TellAcquired& action) {
  const auto hold = machine_.hold();
  log_->info("{} lock acquired (fence {}, ttl {} ms, refresh {} ms)", shown_key_,
             action.fence.value, settings_.ttl.count(), settings_.refresh_interval.count());
  handlers_->tell(AcquiredEvent{.key = settings_.key,
                                .fence = action.fence,
                                .safe_until = hold ? hold->safe_until : Instant{}});
}

void LockHandle::perform(const TellRefreshed&) {
  const auto hold = machine_.hold();
  log_->trace("{} lock refreshed to {} ms", shown_key_, settings_.ttl.count());
  handlers_->tell(RefreshedEvent{.key = settings_.key,
                                 .lock_ttl = settings_.ttl,
                                 .safe_until = hold ? hold->safe_until : Instant{}});
}

void LockHandle::perform(const TellLost& action) {
  std::string_view reason;
  switch (action.reason) {
    case LossReason::record_gone:
      reason = "its record is gone or somebody else's";
      break;
    case LossReason::not_confirmed:
      reason = "no refresh was confirmed in time";
      break;
    case LossReason::store_clock_stepped:
      reason = "the store's clock was set forward";
      break;
  }
  log_->error("{} lock lost (fence {}): {}", shown_key_, action.fence.value, reason);
  {
    const std::lock_guard guard(hold_mutex_);
    // Callbacks of the token are user code: not on this thread, and not behind a slow event
    // handler.
    engine_.losses().post([lost = lost_]() mutable { lost.request_stop(); });
  }
  handlers_->tell(LostEvent{.key = settings_.key, .fence = action.fence, .reason = action.reason});
}

void LockHandle::perform(const TellRefreshFailed& action) {
  log_->error("{} lock not refreshed, {} ms left: {}", shown_key_, action.left.count(),
              action.failure.message);
  handlers_->tell(ErrorEvent{
      .key = settings_.key, .error = action.failure.code, .message = action.failure.message});
}

}  // namespace exclusive_lock
