#include "runtime/event_handlers.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "exclusive_lock/printable.hpp"

namespace exclusive_lock {

EventHandlers::EventHandlers(Notifier& notifier, std::shared_ptr<spdlog::logger> log)
    : notifier_(notifier), log_(std::move(log)) {}

void EventHandlers::drop(const std::string& key) {
  if (dropped_++ == 0 && log_)
    log_->warn(
        "{} lock: {} events wait for a handler that has not returned; others but losses are "
        "dropped until it does",
        printable(key), waiting_);
}

bool EventHandlers::begin(const void* event, const std::string& key) {
  std::size_t dropped = 0;
  {
    const std::lock_guard guard(mutex_);
    --waiting_;
    if (waiting_refreshed_.get() == event)
      waiting_refreshed_ = nullptr;
    dropped = std::exchange(dropped_, 0);
    if (closed_)
      return false;
    runs_on_ = std::this_thread::get_id();
  }
  if (dropped > 0 && log_)
    log_->warn("{} lock: {} events were dropped while a handler did not return", printable(key),
               dropped);
  return true;
}

void EventHandlers::run(const std::function<void()>& call) {
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
