// What a lock reports: in the log, to event handlers and to its callers.

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "exclusive_lock/printable.hpp"
#include "runtime/lock_handle.hpp"

namespace exclusive_lock {
namespace {

// Null: nothing reads that level, so the line is not made.
spdlog::logger* reader_of(const std::shared_ptr<BackgroundLog>& log,
                          spdlog::level::level_enum level) {
  return log && log->logs(level) ? log.get() : nullptr;
}

}  // namespace

template <class Event>
void LockHandle::notify(Event event) {
  if (auto* handlers = handlers_.if_made())
    handlers->notify(std::move(event));
}

void LockHandle::report_release(Ticket ticket, const Answer<ReleaseReply>& answer,
                                const ReleaseAnswered& caller) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    if (auto* log = reader_of(log_, spdlog::level::err))
      log->error("{} lock: not released yet: {}; it ends by its ttl at the latest",
                 printable(key()), failure->message);
    notify(ErrorEvent{.key = key(), .error = failure->code, .message = failure->message});
    caller({.outcome = ReleaseOutcome::unknown});
    return;
  }
  const auto& reply = std::get<ReleaseReply>(answer);
  switch (reply.verdict) {
    case ReleaseReplyStatus::released:
      if (auto* log = reader_of(log_, spdlog::level::info))
        log->info("{} lock released", printable(key()));
      notify(ReleasedEvent{.key = key()});
      if (reply.mark_failure)
        report_refused_mark(*reply.mark_failure);
      caller({.outcome = ReleaseOutcome::released,
              .not_recorded = reply.mark_failure ? reply.mark_failure->code : std::error_code()});
      break;
    case ReleaseReplyStatus::left:  // a release of a hold never finds an entry of its own
    case ReleaseReplyStatus::not_owner:
      hold_.note_loss(ticket);
      if (auto* log = reader_of(log_, spdlog::level::warn))
        log->warn("{} lock was lost before it was released: its record is gone or another holder's",
                  printable(key()));
      caller({.outcome = ReleaseOutcome::not_held});
      break;
  }
}

void LockHandle::report_refused_mark(const StoreFailure& failure) {
  if (auto* log = reader_of(log_, spdlog::level::err))
    log->error("{} lock was released, but the store refused to record that its work was done: {}",
               printable(key()), failure.message);
  notify(ErrorEvent{.key = key(), .error = failure.code, .message = failure.message});
}

void LockHandle::perform(const AnswerAcquire& action) {
  if (std::holds_alternative<AlreadyHeld>(action.answer)) {
    if (auto* log = reader_of(log_, spdlog::level::warn))
      log->warn("{} lock is held by this object already; release it first", printable(key()));
    ++notified_callers_;
  }
  if (const Operation operation = callers_.acquire_of(action.request))
    acquire_answered(operation, action.answer);
}

void LockHandle::perform(const ConcludeAcquire& action) {
  if (const auto* failure = std::get_if<StoreFailure>(&action.answer)) {
    if (auto* log = reader_of(log_, spdlog::level::err))
      log->error("{} lock not acquired: {}", printable(key()), failure->message);
  }
  const auto asked = callers_.asked();
  if (std::holds_alternative<Acquired>(action.answer))
    notified_callers_ += static_cast<std::uint32_t>(asked.size());
  for (const Operation& operation : asked)
    acquire_answered(operation, action.answer);
}

void LockHandle::perform(const NotifyWaiting& action) {
  // Only the caller that began the attempt waits in the queue.
  const auto asked = callers_.asked();
  for (std::size_t joined = 1; joined < asked.size(); ++joined)
    acquire_answered(asked[joined], BusyHere{});
  if (auto* log = reader_of(log_, spdlog::level::debug))
    log->debug("{} lock is awaited, position {} in the queue", printable(key()), action.position);
  notify(WaitingEvent{.key = key(), .position = action.position});
}

void LockHandle::perform(const NotifyAcquired& action) {
  const auto hold = machine_.hold();
  if (auto* log = reader_of(log_, spdlog::level::info))
    log->info("{} lock acquired (fence {}, ttl {} ms, refresh {} ms)", printable(key()),
              action.fence.value, settings().ttl.count(), settings().refresh_interval.count());
  notify(AcquiredEvent{
      .key = key(), .fence = action.fence, .safe_until = hold ? hold->safe_until : Instant{}});
}

void LockHandle::perform(const NotifyRefreshed&) {
  if (auto* log = reader_of(log_, spdlog::level::trace))
    log->trace("{} lock refreshed to {} ms", printable(key()), settings().ttl.count());
  if (const auto* handlers = handlers_.if_made();
      !handlers || !handlers->has_handler<RefreshedEvent>())
    return;
  const auto hold = machine_.hold();
  notify(RefreshedEvent{
      .key = key(), .lock_ttl = settings().ttl, .safe_until = hold ? hold->safe_until : Instant{}});
}

void LockHandle::perform(const NotifyLost& action) {
  std::string_view reason;
  switch (action.reason) {
    case LossReason::record_gone:
      reason = "its record is gone or another holder's";
      break;
    case LossReason::not_confirmed:
      reason = "no refresh was confirmed in time";
      break;
    case LossReason::store_clock_stepped:
      reason = "the store's clock was set forward, or runs too fast";
      break;
  }
  if (auto* log = reader_of(log_, spdlog::level::err))
    log->error("{} lock lost (fence {}): {}", printable(key()), action.fence.value, reason);
  hold_.lose(engine_.losses());
  notify(LostEvent{.key = key(), .fence = action.fence, .reason = action.reason});
}

void LockHandle::perform(const NotifyRefreshFailed& action) {
  if (auto* log = reader_of(log_, spdlog::level::err))
    log->error("{} lock not refreshed, {} ms left: {}", printable(key()), action.left.count(),
               action.failure.message);
  notify(ErrorEvent{.key = key(), .error = action.failure.code, .message = action.failure.message});
}

}  // namespace exclusive_lock
