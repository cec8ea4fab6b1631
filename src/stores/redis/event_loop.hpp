#pragma once
// The loop that does a store's I/O, one thread at a time, and timers on it that go by BootClock.
//
// Which thread runs it, its I/O thread or a caller that waits: loop_ownership.hpp. "The loop's
// thread" is the one that runs it at present.
//
// No type of Boost.Asio shows here; who needs the io_context includes event_loop_impl.hpp.

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/protocol.hpp"
#include "exclusive_lock/clock.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::redis {

enum class Lookups { none, of_hosts };

class EventLoop {
 public:
  // Starts the I/O thread, and the one on which Asio looks up hosts, which it would start at the
  // first lookup, where a failure could not be reported. Both block all signals: they are the
  // program's. Throws std::system_error.
  explicit EventLoop(Lookups lookups);
  // finish() must have been called, unless nothing was ever posted: the owner's constructor can
  // fail after this one.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs `task` on the loop's thread, after those that were posted before. From any thread. Tasks
  // do not throw.
  void post(std::function<void()> task);
  // Calls `begin` and returns when `end` has come; the caller may run the loop meanwhile. From any
  // thread but the loop's. An exception of `begin` is passed on.
  void wait(const std::function<void()>& begin, Awaited& end);

  // The loop ends when there is nothing left to wait for; the I/O thread, which runs it till then,
  // is joined here. Not from the loop's thread.
  void finish();
  // As finish(), but waits for `max_wait` at most, and then leaves the loop alone: the I/O thread
  // ends when the loop does, and then releases `owner`, which owns the loop.
  void finish_or_leave(Milliseconds max_wait, std::shared_ptr<void> owner);

  struct Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// One timer. All calls on the loop's thread; destroy it there, or after finish().
class LoopTimer {
 public:
  LoopTimer(EventLoop& loop, std::function<void()> wake)
      : loop_(loop.impl()), wake_(std::move(wake)) {}
  ~LoopTimer();
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;

  // Calls `wake` once, at `at` or soon after, unless it is set anew or cancelled before.
  void set(Instant at);
  void cancel() { at_.reset(); }

 private:
  friend struct EventLoop::Impl;
  EventLoop::Impl& loop_;
  const std::function<void()> wake_;
  std::optional<Instant> at_;
};

}  // namespace exclusive_lock::redis
