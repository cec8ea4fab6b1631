#pragma once
// Timers of one connection, on one thread (DESIGN 3.6: not a thread or timer per lock).
//
// It sleeps on a timerfd of CLOCK_BOOTTIME, so that after a suspend every deadline that passed
// meanwhile is told at once, not after the rest of its time. Tasks are short and never call user
// code. The thread starts with the scheduler, so that a process that can have no more threads
// learns it from connect().

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "exclusive_lock/clock.hpp"
#include "stores/clock_source.hpp"

namespace exclusive_lock {

class Scheduler {
 public:
  // Stands for one timer; 0 for none.
  using TimerId = std::uint64_t;

  // `after_round` is called on the scheduler's thread when all tasks due at one waking have run.
  Scheduler(const ClockSource& clock, std::function<void()> after_round);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Any thread. After stop() nothing is scheduled and 0 comes back.
  TimerId at(Instant when, std::function<void()> task);
  // Any thread. The task may be running, or have run, when this returns.
  void cancel(TimerId timer);
  // True on the scheduler's own thread, where after_round follows.
  [[nodiscard]] bool in_round() const noexcept;
  // Drops all timers and joins the thread. Idempotent; not to be called from a task.
  void stop();

 private:
  void run();
  void run_due();
  void set_alarm(Instant when) const;

  const ClockSource& clock_;
  std::function<void()> after_round_;
  int timer_fd_;
  mutable std::mutex mutex_;
  std::map<std::pair<Instant, TimerId>, std::function<void()>> tasks_;
  std::map<TimerId, Instant> due_of_;
  TimerId last_id_ = 0;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace exclusive_lock
