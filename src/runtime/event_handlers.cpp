#include "runtime/event_handlers.hpp"

#include <spdlog/spdlog.h>

#include <exception>

#include "exclusive_lock/printable.hpp"

namespace exclusive_lock {

EventHandlers::EventHandlers(Notifier& notifier, std::shared_ptr<spdlog::logger> log)
    : notifier_(notifier), log_(std::move(log)) {}

void EventHandlers::run(const std::function<void()>& call) {
  {
    const std::lock_guard guard(mutex_);
    if (closed_)
      return;
    runs_on_ = std::this_thread::get_id();
  }
  try {
    call();
  } catch (const std::exception& error) {
    if (log_)
      log_->error("an event handler threw: {}", printable(error.what()));
  } catch (...) {
    if (log_)
      log_->error("an event handler threw something that is not a std::exception");
  }
  {
    const std::lock_guard guard(mutex_);
    runs_on_ = {};
  }
  finished_.notify_all();
}

void EventHandlers::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  if (runs_on_ == std::this_thread::get_id())
    return;
  finished_.wait(lock, [this] { return runs_on_ == std::thread::id{}; });
}

}  // namespace exclusive_lock
