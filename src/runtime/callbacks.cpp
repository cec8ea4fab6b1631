#include "exclusive_lock/callbacks.hpp"

#include <utility>

#include "runtime/acquire_operation.hpp"
#include "runtime/inspection.hpp"
#include "runtime/lock_parts.hpp"

namespace exclusive_lock {
namespace {

AcquireMode mode_of(AcquireAs as) {
  return as == AcquireAs::mutex ? AcquireMode::as_mutex : AcquireMode::as_object;
}

void notify(const CallbackAcquire::Answered& answered, const AcquireEnd& end) {
  if (const auto* failed = std::get_if<WaitPlan::Failed>(&end)) {
    answered(failed->failure.code, false);
  } else if (std::holds_alternative<Abandoned>(end)) {
    answered(std::make_error_code(std::errc::operation_canceled), false);
  } else {
    answered({}, std::holds_alternative<WaitPlan::Succeeded>(end));
  }
}

}  // namespace

// Does not own the connection: a copy may be freed on one of the connection's own threads.
struct CallbackAcquire::Parts final : AcquireOperation {
  Parts(std::weak_ptr<Connection> on, std::shared_ptr<LockHandle> lock, const AcquireTerms& terms)
      : AcquireOperation({.mode = mode_of(terms.as), .deadline = terms.deadline}),
        connection(std::move(on)),
        handle(std::move(lock)) {}

  const std::weak_ptr<Connection> connection;
  const std::shared_ptr<LockHandle> handle;
  Answered answered;  // may own this; until it has ended
  bool was_started = false;

  // Otherwise its connection is gone, or it is the parent's.
  [[nodiscard]] bool is_alive() const {
    const auto owner = connection.lock();
    return was_started && owner && owner->engine()->is_in_its_process();
  }
  void ended(const AcquireEnd& end) override { notify(std::exchange(answered, nullptr), end); }
};

CallbackAcquire::CallbackAcquire(ExclusiveLock& lock, const AcquireTerms& terms) {
  const auto& parts = LockAccess::parts(lock);
  parts_ = std::make_shared<Parts>(parts.connection, parts.handle, terms);
}

void CallbackAcquire::start(Answered answered) const {
  const auto connection = parts_->connection.lock();
  if (!connection) {
    notify(answered, Abandoned{});
    return;
  }
  if (!connection->engine()->is_in_its_process()) {
    notify(answered, WaitPlan::Failed{failure_after_fork()});
    return;
  }
  parts_->answered = std::move(answered);
  parts_->was_started = true;
  parts_->handle->acquire(parts_);
}

void CallbackAcquire::abandon() const {
  if (parts_->is_alive())
    parts_->handle->abandon(parts_);
}

void CallbackAcquire::give_back() const {
  if (parts_->is_alive())
    parts_->handle->give_back(parts_);
}

// Does not own the connection, as above.
struct CallbackHold::Parts {
  std::weak_ptr<Connection> connection;
  std::shared_ptr<LockHandle> handle;
  std::stop_token lost;
  Ticket ticket;  // 0: there was no hold

  // None: it is gone, or it is the parent's.
  [[nodiscard]] std::shared_ptr<Connection> alive() const {
    auto owner = connection.lock();
    return owner && owner->engine()->is_in_its_process() ? owner : nullptr;
  }
  void release(std::optional<Milliseconds> done_for,
               std::function<void(const DoneRelease&)> answered) const {
    if (const auto owner = alive()) {
      handle->release(std::move(answered), ticket, done_for);
    } else {
      answered({});
    }
  }
};

CallbackHold::CallbackHold(const ExclusiveLock& lock) {
  const auto& parts = LockAccess::parts(lock);
  parts_ =
      std::make_shared<Parts>(Parts{.connection = parts.connection,
                                    .handle = parts.handle,
                                    .lost = lock.lost_token(),
                                    .ticket = lock.held() ? parts.handle->hold().ticket() : 0});
}

std::stop_token CallbackHold::lost_token() const { return parts_->lost; }

bool CallbackHold::was_lost() const {
  return parts_->lost.stop_requested() ||
         (parts_->alive() && parts_->handle->hold().was_lost(parts_->ticket));
}

void CallbackHold::release(std::function<void(ReleaseOutcome)> answered) const {
  parts_->release(std::nullopt, [answered = std::move(answered)](const DoneRelease& release) {
    answered(release.outcome);
  });
}

void CallbackHold::release_done(Milliseconds keep_for,
                                std::function<void(const DoneRelease&)> answered) const {
  parts_->release(keep_for, std::move(answered));
}

void begin_release(ExclusiveLock& lock, std::function<void(ReleaseOutcome)> answered) {
  const auto& parts = LockAccess::parts(lock);
  if (parts.is_in_its_process()) {
    parts.handle->release([answered = std::move(answered)](const DoneRelease& release) {
      answered(release.outcome);
    });
  } else {
    answered(ReleaseOutcome::not_held);
  }
}

void begin_refresh(ExclusiveLock& lock, std::function<void(RefreshOutcome)> answered) {
  const auto& parts = LockAccess::parts(lock);
  if (parts.is_in_its_process()) {
    parts.handle->refresh(std::move(answered));
  } else {
    answered(RefreshOutcome::not_held);
  }
}

void begin_hold_at_least(ExclusiveLock& lock, Milliseconds time,
                         std::function<void(RefreshOutcome)> answered) {
  const auto& parts = LockAccess::parts(lock);
  if (parts.is_in_its_process()) {
    parts.handle->hold_at_least(time, std::move(answered));
  } else {
    answered(RefreshOutcome::not_held);
  }
}

void begin_inspect(
    const ExclusiveLock& lock,
    std::function<void(const std::error_code&, std::optional<LockRecord>)> answered) {
  const auto& parts = LockAccess::parts(lock);
  inspect_key(*parts.connection->engine(), lock.key(),
              [answered = std::move(answered), name = parts.name](Seen seen) {
                if (const auto* failure = std::get_if<StoreFailure>(&seen)) {
                  answered(failure->code, std::nullopt);
                  return;
                }
                auto record = std::get<std::optional<LockRecord>>(std::move(seen));
                if (record)
                  record->name = name;
                answered({}, std::move(record));
              });
}

void begin_last_done(
    const ExclusiveLock& lock,
    std::function<void(const std::error_code&, std::optional<LastDone>)> answered) {
  const auto& parts = LockAccess::parts(lock);
  last_done_of_key(*parts.connection->engine(), lock.key(),
                   [answered = std::move(answered), name = parts.name](SeenDone seen) {
                     if (const auto* failure = std::get_if<StoreFailure>(&seen)) {
                       answered(failure->code, std::nullopt);
                       return;
                     }
                     auto done = std::get<std::optional<LastDone>>(std::move(seen));
                     if (done)
                       done->name = name;
                     answered({}, std::move(done));
                   });
}

}  // namespace exclusive_lock
