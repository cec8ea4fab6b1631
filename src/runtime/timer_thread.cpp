#include "runtime/timer_thread.hpp"

#include <utility>

#include "os/quiet_thread.hpp"

namespace exclusive_lock {

TimerThread::~TimerThread() { stop(); }

void TimerThread::start(std::function<void()> woken) {
  const std::lock_guard guard(mutex_);
  thread_ = quiet_thread([this, woken = std::move(woken)] { run(woken); });
}

void TimerThread::run(const std::function<void()>& woken) {
  for (;;) {
    // False after a signal: then it looks again.
    static_cast<void>(timer_.has_expired());
    if (stopped_)
      return;
    woken();
  }
}

void TimerThread::set(Instant when) { timer_.set(when); }

void TimerThread::stop() {
  std::thread thread;
  {
    const std::lock_guard guard(mutex_);
    thread.swap(thread_);
  }
  stopped_ = true;
  if (!thread.joinable())
    return;
  set(Instant{});
  thread.join();
}

}  // namespace exclusive_lock
