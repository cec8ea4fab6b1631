#include "exclusive_lock/exclusive_lock.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/key_codec.hpp"
#include "core/options_check.hpp"
#include "core/record_codec.hpp"
#include "os/process.hpp"
#include "runtime/inspection.hpp"
#include "runtime/lock_handle.hpp"
#include "runtime/lock_parts.hpp"
#include "runtime/pending.hpp"

namespace exclusive_lock {
namespace {

LockSettings settings_from(const Options& options) {
  Engine& engine = *options.cache_connection->engine();
  return LockSettings{
      .key = options.key ? *options.key : record_key(options.key_prefix, options.app_name),
      .record_tail =
          engine.in_common(encode_record_tail({.ttl = options.lock_ttl,
                                               .host = host_name(),
                                               .pid = ::getpid(),
                                               .label = options.label,
                                               .contents_text = options.lock_contents.text(),
                                               .user = options.user,
                                               .program = options.program,
                                               .command = options.command})),
      .ttl = options.lock_ttl,
      .refresh_interval = options.lock_refresh,
      .auto_refresh = options.auto_refresh,
      .detached = options.detached,
      .command_timeout = engine.command_timeout(),
      .queue_limit = options.queue_limit,
      .barging_limit = options.barging_limit};
}

class BlockingAcquire final : public AcquireOperation {
 public:
  using AcquireOperation::AcquireOperation;
  Pending<AcquireEnd> pending;

 private:
  void ended(const AcquireEnd& end) override { pending.answer(end); }
};

AcquireEnd acquire_and_wait(Store& store, const std::shared_ptr<LockHandle>& handle,
                            const AcquireCall& call, const std::stop_token& stop) {
  if (stop.stop_requested())
    return Abandoned{};
  const auto operation = std::make_shared<BlockingAcquire>(call);
  const std::stop_callback abandon(stop, [&] { handle->abandon(operation); });
  try {
    store.wait([&] { handle->acquire(operation); }, operation->pending);
  } catch (...) {  // no memory for one of its steps: it must leave nothing behind (G4)
    if (!operation->pending.has_come()) {
      handle->abandon(operation);
      throw;
    }
  }
  return operation->pending.take();
}

}  // namespace

StoreFailure failure_after_fork() {
  return StoreFailure{
      .code = errc::connection_closed,
      .message =
          "this lock belongs to the process that made it, before fork(); make a new "
          "connection and a new lock here",
      .may_have_run = false};
}

std::variant<bool, StoreFailure> ExclusiveLock::Parts::acquire(const AcquireCall& call,
                                                               const std::stop_token& stop) const {
  if (!is_in_its_process())
    return failure_after_fork();
  const auto end = acquire_and_wait(connection->engine()->store(), handle, call, stop);
  if (const auto* failed = std::get_if<WaitPlan::Failed>(&end))
    return failed->failure;
  return std::holds_alternative<WaitPlan::Succeeded>(end);
}

DoneRelease ExclusiveLock::Parts::release(std::optional<Milliseconds> done_for) const {
  if (!is_in_its_process())
    return {};
  return wait_for_answer<DoneRelease>(connection->engine()->store(), [&](auto answered) {
    handle->release(std::move(answered), std::nullopt, done_for);
  });
}

namespace {

bool value_or_throw(const std::variant<bool, StoreFailure>& result) {
  if (const auto* failure = std::get_if<StoreFailure>(&result)) {
    throw StoreError(failure->code, failure->message, failure->may_have_run);
  }
  return std::get<bool>(result);
}

bool value_or_error(const std::variant<bool, StoreFailure>& result, std::error_code& error) {
  error.clear();
  if (const auto* failure = std::get_if<StoreFailure>(&result)) {
    error = failure->code;
    return false;
  }
  return std::get<bool>(result);
}

}  // namespace

ExclusiveLock::ExclusiveLock(Options options) {
  refuse(mistakes_in(options));
  auto handle = std::make_shared<LockHandle>(*options.cache_connection->engine(),
                                             settings_from(options), std::move(options.log));
  handle->subscribe();
  parts_ = std::make_unique<Parts>(Parts{.connection = std::move(options.cache_connection),
                                         .name = std::move(options.app_name),
                                         .handle = std::move(handle)});
}

ExclusiveLock::~ExclusiveLock() {
  if (parts_->is_in_its_process()) {
    parts_->handle->close();
  } else {
    // Mutexes may be held by threads that do not exist here, and destructors would wait for them.
    static_cast<void>(parts_.release());
  }
}

bool ExclusiveLock::acquire() {
  return value_or_throw(parts_->acquire({.mode = AcquireMode::as_object}));
}

bool ExclusiveLock::acquire(std::error_code& error) {
  return value_or_error(parts_->acquire({.mode = AcquireMode::as_object}), error);
}

bool ExclusiveLock::acquire_until(Instant deadline, const std::stop_token& stop) {
  return value_or_throw(
      parts_->acquire({.mode = AcquireMode::as_object, .deadline = deadline}, stop));
}

bool ExclusiveLock::acquire_until(Instant deadline, const std::stop_token& stop,
                                  std::error_code& error) {
  return value_or_error(
      parts_->acquire({.mode = AcquireMode::as_object, .deadline = deadline}, stop), error);
}

ReleaseOutcome ExclusiveLock::release() { return parts_->release(std::nullopt).outcome; }

DoneRelease ExclusiveLock::release_done(OptionMilliseconds keep_for) {
  refuse(mistakes_in_period(keep_for, "keep_for"));
  return parts_->release(keep_for);
}

RefreshOutcome ExclusiveLock::refresh() {
  if (!parts_->is_in_its_process())
    return RefreshOutcome::not_held;
  return wait_for_answer<RefreshOutcome>(parts_->connection->engine()->store(), [&](auto answered) {
    parts_->handle->refresh(std::move(answered));
  });
}

RefreshOutcome ExclusiveLock::hold_at_least(OptionMilliseconds time) {
  refuse(mistakes_in_min_hold(time));
  if (!parts_->is_in_its_process())
    return RefreshOutcome::not_held;
  return wait_for_answer<RefreshOutcome>(parts_->connection->engine()->store(), [&](auto answered) {
    parts_->handle->hold_at_least(time, std::move(answered));
  });
}

std::optional<LastDone> ExclusiveLock::last_done() const {
  auto done = last_done_of_key(*parts_->connection->engine(), key());
  if (done)
    done->name = parts_->name;
  return done;
}

std::optional<LockRecord> ExclusiveLock::inspect() const {
  auto record = inspect_key(*parts_->connection->engine(), key());
  if (record)
    record->name = parts_->name;
  return record;
}

bool ExclusiveLock::held() const noexcept { return safe_until().has_value(); }

std::optional<Instant> ExclusiveLock::safe_until() const noexcept {
  return parts_->is_in_its_process() ? parts_->handle->safe_until() : std::nullopt;
}

std::optional<Fence> ExclusiveLock::fence() const noexcept {
  return held() ? std::optional(parts_->handle->hold().fence()) : std::nullopt;
}

std::string ExclusiveLock::owner() const {
  return held() ? parts_->handle->owner() : std::string();
}

std::stop_token ExclusiveLock::lost_token() const {
  if (held())
    return parts_->handle->hold().lost_token();
  std::stop_source stopped;
  stopped.request_stop();
  return stopped.get_token();
}

const std::string& ExclusiveLock::key() const noexcept { return parts_->handle->key(); }

void ExclusiveLock::on_waiting(std::function<void(const WaitingEvent&)> handler) {
  parts_->handle->handlers().set(std::move(handler));
}
void ExclusiveLock::on_acquired(std::function<void(const AcquiredEvent&)> handler) {
  parts_->handle->handlers().set(std::move(handler));
}
void ExclusiveLock::on_refreshed(std::function<void(const RefreshedEvent&)> handler) {
  parts_->handle->handlers().set(std::move(handler));
}
void ExclusiveLock::on_released(std::function<void(const ReleasedEvent&)> handler) {
  parts_->handle->handlers().set(std::move(handler));
}
void ExclusiveLock::on_lost(std::function<void(const LostEvent&)> handler) {
  parts_->handle->handlers().set(std::move(handler));
}
void ExclusiveLock::on_error(std::function<void(const ErrorEvent&)> handler) {
  parts_->handle->handlers().set(std::move(handler));
}

void ExclusiveLock::lock() {
  value_or_throw(parts_->acquire({.mode = AcquireMode::as_mutex, .deadline = Instant::max()}));
}

bool ExclusiveLock::try_lock() {
  return value_or_throw(parts_->acquire({.mode = AcquireMode::as_mutex}));
}

bool ExclusiveLock::lock_until(Instant deadline) {
  return value_or_throw(parts_->acquire({.mode = AcquireMode::as_mutex, .deadline = deadline}));
}

}  // namespace exclusive_lock
