#pragma once
// The loop that does a store's I/O, one thread at a time, and timers on it that go by BootClock.
//
// It has a thread of its own. But a call that blocks until a server has answered would cost two
// switches of threads, to that one and back, which is more than the server takes for its part: so
// a thread that waits for an answer, and is the only one, runs the loop itself meanwhile. It is
// called a guest here; "the loop's thread" is whichever runs it.
//
//   who runs it   leaves it                          then
//   a guest       when what it waits for has come    nobody
//   own thread    the same (*)                       a guest that came meanwhile, or nobody
//   nobody        a guest comes                      that one
//                 anybody else hands something in    own thread
//                 there are news, or an alarm        own thread
//
// Whoever leaves it does what is ready first. Where several guests wait at once the own thread does
// it: it serves all of them in one go, where each guest would have to wake the next. Where guests
// follow each other soon, nobody is told between two of them, for some milliseconds at most. (*) It
// stays while a connection is made or ends: nobody could be told of that.
//
// No type of Boost.Asio shows here; who needs the io_context includes event_loop_impl.hpp.

#include <functional>
#include <memory>

#include "core/protocol.hpp"
#include "exclusive_lock/clock.hpp"
#include "stores/awaited.hpp"

namespace exclusive_lock::redis {

enum class Lookups { none, of_hosts };

class EventLoop {
 public:
  // Starts the thread, and the one on which Asio looks up hosts, which it would start when it first
  // does, and then nobody could be told that there can be no more. All signals are blocked in them:
  // they are the program's. Throws std::system_error.
  explicit EventLoop(Lookups lookups);
  // finish() must have been called, unless nothing was ever posted: what is made beside a loop can
  // fail, for want of descriptors.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` on the loop's thread, after the ones handed over before. From any thread. Tasks do
  // not throw.
  void post(std::function<void()> task);
  // Calls `begin` and returns when `end` has come; the caller may run the loop meanwhile. From any
  // thread but the loop's. What `begin` throws is passed on.
  void wait(const std::function<void()>& begin, Awaited& end);

  // The loop ends when there is nothing left to wait for; its own thread, which runs it till then,
  // is joined here. Not from the loop's thread.
  void finish();
  // As finish(), but waits for `max_wait` at most, and then leaves the loop alone: its thread
  // ends when the loop does, and gives up `owner`, who has the loop, as the last thing.
  void finish_or_leave(Milliseconds max_wait, std::shared_ptr<void> owner);

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

  struct Impl;

 private:
  const std::unique_ptr<Impl> impl_;
};

}  // namespace exclusive_lock::redis
