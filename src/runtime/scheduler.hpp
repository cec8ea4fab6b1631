#pragma once
// The timers of all locks of one connection, on one thread
// (docs/decisions/0010-refresh-at-scale.md). It is the thread of the waker and starts with the
// scheduler, so that connect() fails in a process that can start no more threads. Alarms are short
// and never call user code.
//
// Alarms for one instant lie together in one vector: the refreshes of one slot
// (core/refresh_planner.hpp) cost one place in the tree, and setting an alarm again allocates
// nothing of its own.

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "exclusive_lock/clock.hpp"
#include "os/clock.hpp"
#include "runtime/environment.hpp"

namespace exclusive_lock {

class Scheduler {
 public:
  // Is called at an instant. An object has one instant at most, and can be set again and again.
  class Alarm {
   public:
    virtual ~Alarm() = default;
    // On the scheduler's thread.
    virtual void ring() = 0;
    // ring() is called soon, after some others: prefetch the memory that it needs. Other threads
    // use the object at the same time, so this must not read what changes.
    virtual void will_ring() const noexcept {}

   private:
    friend class Scheduler;
    // Guarded by the scheduler's mutex.
    bool is_set_ = false;
    Instant when_{};
    std::size_t place_ = 0;  // among those of that instant
  };
  using Timer = std::shared_ptr<Alarm>;

  // `after_round` is called on the scheduler's thread when all that is due at one waking has rung.
  Scheduler(const ClockSource& clock, Waker& waker, std::function<void()> after_round);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // Any thread. It is owned until it has rung; one that is set already is moved. After stop()
  // nothing is set, and false comes back.
  bool set(Instant when, const Timer& alarm);
  // The same for a task, which gets an alarm of its own. Null after stop().
  Timer at(Instant when, std::function<void()> task);
  // Any thread; null, or what is not set, is fine. It may be ringing, or have rung, when this
  // returns.
  void cancel(const Timer& alarm);
  // True within an alarm, where after_round follows.
  [[nodiscard]] bool in_round() const noexcept {
    return rings_on_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  // Drops all alarms and stops the waker. Idempotent; not to be called from an alarm.
  void stop();

 private:
  using Together = std::vector<Timer>;

  void round();
  void run_due();
  [[nodiscard]] Together take_due();
  Timer take_out(Alarm& alarm);

  const ClockSource& clock_;
  Waker& waker_;
  std::function<void()> after_round_;
  std::mutex mutex_;
  std::map<Instant, Together> alarms_;
  bool stopped_ = false;
  std::atomic<std::thread::id> rings_on_;
};

}  // namespace exclusive_lock
