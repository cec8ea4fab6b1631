#include "runtime/timer_thread.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>
#include <utility>

#include "stores/quiet_thread.hpp"

namespace exclusive_lock {

TimerThread::TimerThread() : timer_fd_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC)) {
  if (timer_fd_ < 0)
    throw std::system_error(errno, std::generic_category(), "timerfd_create");
}

TimerThread::~TimerThread() {
  stop();
  ::close(timer_fd_);
}

void TimerThread::start(std::function<void()> woken) {
  const std::lock_guard guard(mutex_);
  thread_ = quiet_thread([this, woken = std::move(woken)] { run(woken); });
}

void TimerThread::run(const std::function<void()>& woken) {
  for (;;) {
    std::uint64_t expirations = 0;
    // Blocks until the instant. EINTR, or an instant that was set meanwhile: look again.
    [[maybe_unused]] const auto read = ::read(timer_fd_, &expirations, sizeof(expirations));
    if (stopped_)
      return;
    woken();
  }
}

void TimerThread::set(Instant when) {
  // An instant in the past fires at once; zero would disarm.
  const auto since_boot = std::max(when.time_since_epoch(), Instant::duration{1});
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (since_boot - seconds).count();
  if (::timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &spec, nullptr) != 0)
    throw std::system_error(errno, std::generic_category(), "timerfd_settime");
}

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
