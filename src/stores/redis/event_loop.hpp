#pragma once
// The one thread of a store that does I/O, and timers on it that go by BootClock.
//
// No type of Boost.Asio shows here; who needs the io_context includes event_loop_impl.hpp.

#include <functional>
#include <memory>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::redis {

class EventLoop {
 public:
  // Starts the thread. All signals are blocked in it: they are the program's.
  EventLoop();
  // finish() must have been called, unless nothing was ever posted: what is made beside a loop can
  // fail, for want of descriptors.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` on the thread, after the ones handed over before. From any thread. Tasks do not
  // throw.
  void post(std::function<void()> task);
  // The thread ends when there is nothing left to wait for; joined here. Not from the thread
  // itself.
  void finish();

  struct Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// One alarm. All calls on the loop's thread; destroy it there, or after finish().
class LoopTimer {
 public:
  LoopTimer(EventLoop& loop, std::function<void()> wake);
  ~LoopTimer();
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;

  // Calls `wake` once, at `at` or soon after, unless it is set anew or cancelled before.
  void set(Instant at);
  void cancel();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace exclusive_lock::redis
