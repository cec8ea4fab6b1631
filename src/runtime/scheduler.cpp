#include "runtime/scheduler.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

namespace exclusive_lock {

Scheduler::Scheduler(const ClockSource& clock, std::function<void()> after_round)
    : clock_(clock),
      after_round_(std::move(after_round)),
      timer_fd_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC)) {
  if (timer_fd_ < 0)
    throw std::system_error(errno, std::generic_category(), "timerfd_create");
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {
    ::close(timer_fd_);
    throw;
  }
}

Scheduler::~Scheduler() {
  stop();
  ::close(timer_fd_);
}

Scheduler::TimerId Scheduler::at(Instant when, std::function<void()> task) {
  const std::lock_guard guard(mutex_);
  if (stopped_)
    return 0;
  const TimerId id = ++last_id_;
  tasks_.emplace(std::pair(when, id), std::move(task));
  due_of_.emplace(id, when);
  if (tasks_.begin()->first.second == id)
    set_alarm(when);
  return id;
}

void Scheduler::cancel(TimerId timer) {
  std::function<void()>
      dropped;  // destroyed after the mutex is free: it may own what calls us back
  const std::lock_guard guard(mutex_);
  const auto due = due_of_.find(timer);
  if (due == due_of_.end())
    return;
  const auto task = tasks_.find(std::pair(due->second, timer));
  dropped = std::move(task->second);
  tasks_.erase(task);
  due_of_.erase(due);
}

bool Scheduler::in_round() const noexcept {
  const std::lock_guard guard(mutex_);
  return thread_.get_id() == std::this_thread::get_id();
}

void Scheduler::stop() {
  std::map<std::pair<Instant, TimerId>, std::function<void()>> dropped;
  std::thread thread;
  {
    const std::lock_guard guard(mutex_);
    stopped_ = true;
    dropped.swap(tasks_);
    due_of_.clear();
    thread.swap(thread_);
    set_alarm(Instant{});
  }
  if (thread.joinable())
    thread.join();
}

void Scheduler::run() {
  for (;;) {
    std::uint64_t expirations = 0;
    // Blocks until the alarm. EINTR, or a time that was set meanwhile: look again.
    [[maybe_unused]] const auto woken = ::read(timer_fd_, &expirations, sizeof(expirations));
    {
      const std::lock_guard guard(mutex_);
      if (stopped_)
        return;
    }
    run_due();
    after_round_();
  }
}

void Scheduler::run_due() {
  std::vector<std::function<void()>> due;
  {
    const std::lock_guard guard(mutex_);
    const auto end = tasks_.upper_bound(std::pair(clock_.now(), last_id_));
    for (auto task = tasks_.begin(); task != end; ++task) {
      due.push_back(std::move(task->second));
      due_of_.erase(task->first.second);
    }
    tasks_.erase(tasks_.begin(), end);
    if (!tasks_.empty())
      set_alarm(tasks_.begin()->first.first);
  }
  for (const auto& task : due)
    task();
}

void Scheduler::set_alarm(Instant when) const {
  // An instant in the past fires at once; zero would disarm.
  const auto since_boot = std::max(when.time_since_epoch(), Instant::duration{1});
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  itimerspec spec{};
  spec.it_value.tv_sec = seconds.count();
  spec.it_value.tv_nsec = (since_boot - seconds).count();
  if (::timerfd_settime(timer_fd_, TFD_TIMER_ABSTIME, &spec, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "timerfd_settime");
  }
}

}  // namespace exclusive_lock
