#include "runtime/lock_handle.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "core/record_codec.hpp"
#include "exclusive_lock/printable.hpp"
#include "runtime/cache_warming.hpp"
#include "runtime/pending.hpp"

namespace exclusive_lock {

namespace {

// Null: nobody would read it, so nothing is to be made ready for it.
spdlog::logger* heard(const std::shared_ptr<BackgroundLog>& log, spdlog::level::level_enum level) {
  return log && log->hears(level) ? log.get() : nullptr;
}

}  // namespace

LockHandle::LockHandle(Engine& engine, LockSettings settings, std::shared_ptr<spdlog::logger> log)
    : engine_(engine),
      log_(engine.in_background(std::move(log))),
      machine_(std::move(settings), engine.random().id()) {}

void LockHandle::subscribe() { engine_.subscribe(shared_from_this()); }

// --- calls, on the caller's thread -------------------------------------------------------------

void LockHandle::release(ReleaseAnswered answered, std::optional<Ticket> only,
                         std::optional<Milliseconds> done_for) {
  strand_.post(
      [self = shared_from_this(), answered = std::move(answered), only, done_for]() mutable {
        if (only && self->published_ != only) {
          answered({.outcome = ReleaseOutcome::not_held});
          return;
        }
        self->callers().releasing = std::move(answered);
        try {
          self->carry_out(self->machine_.release_requested(self->now(), done_for));
        } catch (...) {
          self->machine_.release_not_sent();
          throw;
        }
        self->callers().releasing = nullptr;
      });
}

void LockHandle::close() {
  engine_.unsubscribe(*this);
  // Waits for its turn on the strand, where other threads may be at work with the engine; and for
  // what is given back, which would not be sent any more if the connection went with this object.
  wait_for_answer<bool>(engine_.store(), [this](const auto& answered) {
    strand_.post([self = shared_from_this(), answered] {
      self->callers().given_back = [answered] { answered(true); };
      self->end_all();
      if (self->settings().detached)
        self->carry_out(self->machine_.detached(self->now()));
      if (const auto nothing_was_sent = std::exchange(self->callers().given_back, nullptr))
        nothing_was_sent();
    });
  });
  if (!settings().detached)
    wait_for_answer<DoneRelease>(engine_.store(),
                                 [this](auto answered) { release(std::move(answered)); });
  engine_.scheduler().cancel(shared_from_this());
  if (auto* handlers = told_.load())
    handlers->close();
}

EventHandlers& LockHandle::handlers() {
  const std::lock_guard guard(hold_mutex_);
  if (!handlers_) {
    handlers_ = std::make_shared<EventHandlers>(engine_.events(), log_);
    told_ = handlers_.get();
  }
  return *handlers_;
}

std::optional<Instant> LockHandle::safe_until() const noexcept { return belief_.look(now()); }

std::string LockHandle::owner() const {
  if (!safe_until())
    return {};
  const std::lock_guard guard(hold_mutex_);
  return owner_text({.id = machine_.owner_id(), .ticket = ticket_});
}

std::stop_token LockHandle::lost_token() const {
  const std::lock_guard guard(hold_mutex_);
  if (!lost_.stop_possible()) {
    lost_ = std::stop_source{};
    if (was_lost_)
      lost_.request_stop();
  }
  return lost_.get_token();
}

Ticket LockHandle::ticket() const {
  const std::lock_guard guard(hold_mutex_);
  return ticket_;
}

bool LockHandle::was_lost(Ticket ticket) const {
  const std::lock_guard guard(hold_mutex_);
  return ticket == 0 || ticket == last_lost_;
}

// --- events, from the engine -------------------------------------------------------------------

// A key is in one line or two.
void LockHandle::will_ring() const noexcept {
  const std::string& key = settings().key;
  warm(key.data());
  warm(key.data() + key.size());
}

void LockHandle::ring() {
  strand_.post([self = shared_from_this()] {
    self->alarm_at_ = std::nullopt;
    self->drop_callers_if_none();
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
    ticket_ = hold.owner.ticket;
    lost_ = std::stop_source{std::nostopstate};
    was_lost_ = false;
  }
  fence_.store(hold.fence.value);
  belief_.begin(hold.safe_until);
}

void LockHandle::end_hold() {
  published_ = std::nullopt;
  belief_.end();
}

// One that rings too early costs less than setting it anew at every step.
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

LockHandle::Callers& LockHandle::callers() {
  if (!callers_)
    callers_ = std::make_unique<Callers>();
  return *callers_;
}

// They take a quarter of the memory of a lock, and of many locks most have none.
void LockHandle::drop_callers_if_none() {
  if (callers_ && callers_->is_empty())
    callers_ = nullptr;
}

template <class Event>
void LockHandle::tell(Event event) {
  if (auto* handlers = told_.load())
    handlers->tell(std::move(event));
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
          self->set_beat_pause();
          self->look_at_store_clock();
          self->carry_out(self->machine_.attempt_replied(ticket, answer, self->now()));
        });
      });
}

void LockHandle::perform(SendBeat action) {
  const Ticket ticket = action.request.owner.ticket;
  const Instant requested_at = action.requested_at;
  engine_.store().beat(
      std::move(action.request), requested_at + settings().command_timeout,
      [self = shared_from_this(), ticket, requested_at](const Answer<BeatReply>& answer) {
        const auto* reply = std::get_if<BeatReply>(&answer);
        if (reply != nullptr && reply->store_time) {
          self->engine_.store_time_seen(requested_at, *reply->store_time);
        }
        self->strand_.post([self, ticket, requested_at, answer] {
          self->set_beat_pause();
          self->look_at_store_clock();
          self->carry_out(self->machine_.beat_replied(ticket, requested_at, answer, self->now()));
        });
      });
}

void LockHandle::perform(const SendRelease& action) {
  if (!action.called_for) {
    engine_.releaser().release(action.request, action.pointless_after,
                               [told = callers_ ? std::exchange(callers_->given_back, nullptr)
                                                : nullptr](const Answer<ReleaseReply>&) {
                                 if (told)
                                   told();
                               });
    return;
  }
  engine_.releaser().release(
      action.request, action.pointless_after,
      [self = shared_from_this(), ticket = action.request.owner.ticket,
       caller = std::exchange(callers().releasing, nullptr)](const Answer<ReleaseReply>& answer) {
        self->strand_.post(
            [self, ticket, caller, answer] { self->released(ticket, answer, caller); });
      });
}

void LockHandle::released(Ticket ticket, const Answer<ReleaseReply>& answer,
                          const ReleaseAnswered& caller) {
  machine_.release_answered(ticket);
  tell_release(ticket, answer, caller);
  resume_first_idle();
}

void LockHandle::tell_release(Ticket ticket, const Answer<ReleaseReply>& answer,
                              const ReleaseAnswered& caller) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    if (auto* log = heard(log_, spdlog::level::err))
      log->error("{} lock: not released yet: {}; it ends by its ttl at the latest",
                 printable(key()), failure->message);
    tell(ErrorEvent{.key = key(), .error = failure->code, .message = failure->message});
    caller({.outcome = ReleaseOutcome::unknown});
    return;
  }
  const auto& reply = std::get<ReleaseReply>(answer);
  switch (reply.verdict) {
    case ReleaseVerdict::released:
      if (auto* log = heard(log_, spdlog::level::info))
        log->info("{} lock released", printable(key()));
      tell(ReleasedEvent{.key = key()});
      if (reply.mark_failure)
        tell_refused_mark(*reply.mark_failure);
      caller({.outcome = ReleaseOutcome::released,
              .not_recorded = reply.mark_failure ? reply.mark_failure->code : std::error_code()});
      break;
    case ReleaseVerdict::left:  // a release of a hold never finds an entry of its own
    case ReleaseVerdict::not_owner:
      note_loss(ticket);
      if (auto* log = heard(log_, spdlog::level::warn))
        log->warn("{} lock was lost before it was released: its record is gone or somebody else's",
                  printable(key()));
      caller({.outcome = ReleaseOutcome::not_held});
      break;
  }
}

void LockHandle::note_loss(Ticket ticket) {
  const std::lock_guard guard(hold_mutex_);
  last_lost_ = std::max(last_lost_, ticket);
}

void LockHandle::tell_refused_mark(const StoreFailure& failure) {
  if (auto* log = heard(log_, spdlog::level::err))
    log->error("{} lock was released, but the store refused to record that its work was done: {}",
               printable(key()), failure.message);
  tell(ErrorEvent{.key = key(), .error = failure.code, .message = failure.message});
}

void LockHandle::perform(const AnswerAcquire& action) {
  if (std::holds_alternative<AlreadyHeld>(action.answer)) {
    if (auto* log = heard(log_, spdlog::level::warn))
      log->warn("{} lock is held by this object already; release it first", printable(key()));
    ++told_held_;
  }
  std::exchange(callers().asking, nullptr)->answered(action.answer, std::nullopt);
}

void LockHandle::perform(const ConcludeAcquire& action) {
  if (const auto* failure = std::get_if<StoreFailure>(&action.answer)) {
    if (auto* log = heard(log_, spdlog::level::err))
      log->error("{} lock not acquired: {}", printable(key()), failure->message);
  }
  const auto acquirers = std::exchange(callers().acquirers, {});
  if (std::holds_alternative<Acquired>(action.answer))
    told_held_ += static_cast<std::uint32_t>(acquirers.size());
  for (const Operation& acquirer : acquirers)
    acquirer->answered(action.answer, published_);
}

void LockHandle::perform(const TellWaiting& action) {
  auto& acquirers = callers().acquirers;
  while (acquirers.size() > 1) {  // those that joined the attempt of the first
    const Operation joined = acquirers.back();
    acquirers.pop_back();
    joined->answered(BusyHere{}, std::nullopt);
  }
  if (auto* log = heard(log_, spdlog::level::debug))
    log->debug("{} lock is awaited, position {} in the queue", printable(key()), action.position);
  tell(WaitingEvent{.key = key(), .position = action.position});
}

void LockHandle::perform(const ConcludeReleaseNotHeld&) {
  callers().releasing({.outcome = ReleaseOutcome::not_held});
}

void LockHandle::perform(const TellAcquired& action) {
  const auto hold = machine_.hold();
  if (auto* log = heard(log_, spdlog::level::info))
    log->info("{} lock acquired (fence {}, ttl {} ms, refresh {} ms)", printable(key()),
              action.fence.value, settings().ttl.count(), settings().refresh_interval.count());
  tell(AcquiredEvent{
      .key = key(), .fence = action.fence, .safe_until = hold ? hold->safe_until : Instant{}});
}

void LockHandle::perform(const TellRefreshed&) {
  if (auto* log = heard(log_, spdlog::level::trace))
    log->trace("{} lock refreshed to {} ms", printable(key()), settings().ttl.count());
  if (const auto* handlers = told_.load(); !handlers || !handlers->hears<RefreshedEvent>())
    return;
  const auto hold = machine_.hold();
  tell(RefreshedEvent{
      .key = key(), .lock_ttl = settings().ttl, .safe_until = hold ? hold->safe_until : Instant{}});
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
      reason = "the store's clock was set forward, or runs too fast";
      break;
  }
  if (auto* log = heard(log_, spdlog::level::err))
    log->error("{} lock lost (fence {}): {}", printable(key()), action.fence.value, reason);
  {
    const std::lock_guard guard(hold_mutex_);
    was_lost_ = true;
    last_lost_ = ticket_;
    // Callbacks of the token are user code: not on this thread, and not behind a slow event
    // handler.
    if (lost_.stop_possible())
      engine_.losses().post([lost = lost_]() mutable { lost.request_stop(); });
  }
  tell(LostEvent{.key = key(), .fence = action.fence, .reason = action.reason});
}

void LockHandle::perform(const TellRefreshFailed& action) {
  if (auto* log = heard(log_, spdlog::level::err))
    log->error("{} lock not refreshed, {} ms left: {}", printable(key()), action.left.count(),
               action.failure.message);
  tell(ErrorEvent{.key = key(), .error = action.failure.code, .message = action.failure.message});
}

}  // namespace exclusive_lock
