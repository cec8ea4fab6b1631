#include "runtime/lock_handle.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "core/record_codec.hpp"
#include "exclusive_lock/printable.hpp"

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

AcquireAnswer LockHandle::try_acquire(AcquireMode mode) { return ask(mode, std::nullopt, {}); }

AcquireAnswer LockHandle::ask(AcquireMode mode, const std::optional<Wait>& wait,
                              const std::stop_token& stop) {
  const auto pending = std::make_shared<Pending<AcquireAnswer>>();
  strand_.post([this, mode, wait, pending] {
    asking_ = pending;
    carry_out(machine_.acquire_requested(mode, wait, now()));
    if (asking_)
      acquirers_.push_back(std::exchange(asking_, nullptr));
  });
  const std::stop_callback abandon(stop, [self = shared_from_this()] {
    self->strand_.post([self] {
      if (const auto ticket = self->machine_.attempting()) {
        self->carry_out(self->machine_.attempt_abandoned(*ticket, self->now()));
      }
    });
  });
  return pending->wait();
}

std::variant<WaitPlan::Succeeded, WaitPlan::TimedOut, WaitPlan::Failed> LockHandle::acquire(
    AcquireMode mode, std::optional<Instant> deadline, const std::stop_token& stop) {
  WaitPlan plan(deadline, engine_.store().retry_pause());
  const GrantRouter::Registration registration(engine_.grants(), owner_id_, receiver());
  for (Wait wait{.until = deadline};; wait.resumes = true) {
    if (stop.stop_requested())
      return WaitPlan::TimedOut{};
    const bool is_last_try = deadline && now() >= *deadline;
    const auto answer = ask(mode, is_last_try ? std::nullopt : std::optional(wait), stop);
    const auto step = plan.after(answer, now(), engine_.random().unit());
    if (const auto* again = std::get_if<WaitPlan::TryAt>(&step)) {
      pause_until(again->at, stop);
    } else if (const auto* idle = std::get_if<WaitPlan::TryWhenIdle>(&step)) {
      wait_for_object(mode, idle->at, stop);
    } else if (const auto* failed = std::get_if<WaitPlan::Failed>(&step)) {
      return *failed;
    } else if (std::holds_alternative<WaitPlan::TimedOut>(step)) {
      return WaitPlan::TimedOut{};
    } else {
      return WaitPlan::Succeeded{};
    }
  }
}

// Weak: a push may be on its way when the handle goes.
GrantRouter::Receiver LockHandle::receiver() {
  const auto on_strand = [weak = weak_from_this()](const auto& step) {
    if (const auto self = weak.lock()) {
      self->strand_.post([self, step] {
        self->set_beat_pause();
        self->carry_out(step(*self));
      });
    }
  };
  return {
      .granted =
          [on_strand](const Grant& grant) {
            on_strand([grant](LockHandle& self) {
              return self.machine_.grant_pushed(grant, self.now());
            });
          },
      .pushes_resumed =
          [on_strand] {
            on_strand([](LockHandle& self) { return self.machine_.pushes_resumed(self.now()); });
          }};
}

void LockHandle::set_beat_pause() {
  const Store& store = engine_.store();
  machine_.beat_every(store.pushes_grants() ? Milliseconds::max() : store.retry_pause());
}

ReleaseOutcome LockHandle::release() {
  const auto pending = std::make_shared<Pending<ReleaseOutcome>>();
  strand_.post([this, pending] {
    releasing_ = pending;
    carry_out(machine_.release_requested(now()));
    releasing_ = nullptr;
  });
  return pending->wait();
}

RefreshOutcome LockHandle::refresh() {
  const auto pending = std::make_shared<Pending<RefreshOutcome>>();
  strand_.post([this, pending] {
    refreshers_.push_back(pending);
    carry_out(machine_.refresh_requested(now()));
  });
  return pending->wait();
}

void LockHandle::close() {
  engine_.unsubscribe(this);
  if (settings_.detached) {
    strand_.post(
        [self = shared_from_this()] { self->carry_out(self->machine_.detached(self->now())); });
  } else {
    release();
  }
  handlers_->close();
}

void LockHandle::pause_until(Instant when, const std::stop_token& stop) {
  std::unique_lock lock(hold_mutex_);
  changed_.wait_for(lock, stop, when - now(), [] { return false; });
}

void LockHandle::wait_for_object(AcquireMode mode, std::optional<Instant> deadline,
                                 const std::stop_token& stop) {
  std::unique_lock lock(hold_mutex_);
  const auto is_over = [this, mode] {
    return !is_attempting_ && (mode == AcquireMode::as_object || !is_held_);
  };
  if (deadline) {
    changed_.wait_for(lock, stop, *deadline - now(), is_over);
  } else {
    changed_.wait(lock, stop, is_over);
  }
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

  const std::lock_guard guard(hold_mutex_);
  is_held_ = hold.has_value();
  is_attempting_ = machine_.attempting().has_value();
  if (!is_attempting_)
    changed_.notify_all();
}

void LockHandle::begin_hold(const LockMachine::Hold& hold) {
  published_ = hold.owner.ticket;
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
    engine_.releaser().release(action.request, action.pointless_after, nullptr);
    return;
  }
  engine_.releaser().release(
      action.request, action.pointless_after,
      [self = shared_from_this(), caller = releasing_](const Answer<ReleaseReply>& answer) {
        self->strand_.post([self, caller, answer] { self->released(answer, caller); });
      });
}

void LockHandle::released(const Answer<ReleaseReply>& answer,
                          const std::shared_ptr<Pending<ReleaseOutcome>>& caller) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    log_->error("{} lock: not released yet: {}; it ends by its ttl at the latest", shown_key_,
                failure->message);
    handlers_->tell(
        ErrorEvent{.key = settings_.key, .error = failure->code, .message = failure->message});
    caller->answer(ReleaseOutcome::unknown);
    return;
  }
  switch (std::get<ReleaseReply>(answer).verdict) {
    case ReleaseVerdict::released:
      log_->info("{} lock released", shown_key_);
      handlers_->tell(ReleasedEvent{.key = settings_.key});
      caller->answer(ReleaseOutcome::released);
      break;
    case ReleaseVerdict::left:  // a release of a hold never finds an entry of its own
    case ReleaseVerdict::not_owner:
      log_->warn("{} lock was lost before it was released: its record is gone or somebody else's",
                 shown_key_);
      caller->answer(ReleaseOutcome::not_held);
      break;
  }
}

void LockHandle::perform(const AnswerAcquire& action) {
  if (std::holds_alternative<AlreadyHeld>(action.answer)) {
    log_->warn("{} lock is held by this object already; release it first", shown_key_);
  }
  std::exchange(asking_, nullptr)->answer(action.answer);
}

void LockHandle::perform(const ConcludeAcquire& action) {
  if (const auto* failure = std::get_if<StoreFailure>(&action.answer)) {
    log_->error("{} lock not acquired: {}", shown_key_, failure->message);
  }
  for (const auto& acquirer : std::exchange(acquirers_, {}))
    acquirer->answer(action.answer);
}

void LockHandle::perform(const TellWaiting& action) {
  while (acquirers_.size() > 1) {  // those that joined the attempt of the first
    acquirers_.back()->answer(BusyHere{});
    acquirers_.pop_back();
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
    refresher->answer(outcome);
}

void LockHandle::perform(const ConcludeReleaseNotHeld&) {
  releasing_->answer(ReleaseOutcome::not_held);
}

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
