#include "stores/redis/event_loop.hpp"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "stores/quiet_thread.hpp"
#include "stores/redis/event_loop_impl.hpp"

namespace exclusive_lock::redis {

// Asio sleeps by CLOCK_MONOTONIC, which stops while the machine is suspended; BootClock does not.
// So it looks again at least this often, and an alarm that fell into a suspension comes soon after
// it.
inline constexpr std::chrono::milliseconds longest_sleep{250};

// So long may visitors stay away that are told of news.
inline constexpr std::chrono::milliseconds patience_with_visitors{4};
// Before a timer that is due is looked at again, which Asio was not told of: after a suspension.
inline constexpr std::chrono::milliseconds overdue_pause{1};

struct BootWaitTraits {
  static BootClock::duration to_wait_duration(const BootClock::duration& duration) {
    return std::min<BootClock::duration>(duration, longest_sleep);
  }
  static BootClock::duration to_wait_duration(const Instant& at) {
    return to_wait_duration(at - BootClock::now());
  }
};

using BootTimer = boost::asio::basic_waitable_timer<BootClock, BootWaitTraits,
                                                    boost::asio::io_context::executor_type>;

namespace {

// A lookup of no interest, given up at once.
void start_thread_of_lookups(boost::asio::io_context& io) {
  using boost::asio::ip::tcp;
  const BlockAllSignals in_the_new_thread;
  tcp::resolver(io).async_resolve("127.0.0.1", "0", [](auto&&...) {});
}

}  // namespace

EventLoop::EventLoop(Lookups lookups) : impl_(std::make_unique<Impl>()) {
  if (lookups == Lookups::of_hosts) {
    start_thread_of_lookups(impl_->io);
  }
  impl_->thread = quiet_thread([impl = impl_.get()]() noexcept { impl->live(); });
}

EventLoop::~EventLoop() {
  if (impl_->thread.joinable()) {
    finish();
  }
}

void EventLoop::post(std::function<void()> task) {
  boost::asio::post(impl_->io, std::move(task));
  impl_->turns.handed_in();
}

void EventLoop::wait(const std::function<void()>& begin, Awaited& end) {
  impl_->turns.wait(begin, end);
}

void EventLoop::hand_in(const std::function<void()>& begin) { impl_->turns.hand_in(begin); }

bool EventLoop::visit(VisitFor what) { return impl_->turns.visit(what); }

int EventLoop::news_descriptor() const noexcept { return impl_->news_for_visitors.descriptor(); }

std::shared_ptr<void> EventLoop::Impl::live() {
  turns.serve();
  const std::lock_guard guard(mutex);
  has_ended = true;
  news.notify_all();
  return std::move(owner);
}

void EventLoop::finish() {
  impl_->turns.finish();
  impl_->work.reset();
  impl_->thread.join();
}

void EventLoop::finish_or_leave(Milliseconds patience, std::shared_ptr<void> owner) {
  impl_->turns.finish();
  impl_->work.reset();
  std::unique_lock lock(impl_->mutex);
  if (impl_->news.wait_for(lock, patience, [this] { return impl_->has_ended; })) {
    lock.unlock();
    return impl_->thread.join();
  }
  impl_->owner = std::move(owner);
  impl_->thread.detach();
}

struct LoopTimer::Impl {
  Impl(EventLoop::Impl& on, std::function<void()> to_call)
      : loop(on), timer(on.io.get_executor()), wake(std::move(to_call)) {}

  EventLoop::Impl& loop;
  BootTimer timer;
  std::function<void()> wake;
  std::uint64_t setting = 0;  // a wait that is already due cannot be cancelled, but told apart
  std::optional<Instant> at;
};

LoopTimer::LoopTimer(EventLoop& loop, std::function<void()> wake)
    : impl_(std::make_shared<Impl>(loop.impl(), std::move(wake))) {}

LoopTimer::~LoopTimer() {
  cancel();
  impl_->loop.timers.erase(impl_.get());
}

void LoopTimer::set(Instant at) {
  const std::uint64_t setting = ++impl_->setting;
  impl_->at = at;
  impl_->loop.timers.insert(impl_.get());  // only now: it may have been made on another thread
  impl_->timer.expires_at(at);
  impl_->timer.async_wait([impl = impl_, setting](boost::system::error_code) {
    if (setting == impl->setting) {
      impl->at.reset();
      impl->wake();
    }
  });
}

void LoopTimer::cancel() {
  ++impl_->setting;
  impl_->at.reset();
  impl_->timer.cancel();
}

// --- what is told while nobody runs the loop ---

void EventLoop::Impl::add(int socket) {
  own_bell.news.add(socket);
  news_for_visitors.add(socket);
}

void EventLoop::Impl::remove(int socket) {
  own_bell.news.remove(socket);
  news_for_visitors.remove(socket);
}

void EventLoop::Impl::tell(Told told) {
  own_bell.news.turn(told == Told::own_thread);
  news_for_visitors.turn(told == Told::visitors);
  if (told == Told::nobody) {
    return;
  }
  std::optional<Instant> next;
  for (const LoopTimer::Impl* each : timers) {
    if (each->at && (!next || *each->at < *next)) {
      next = each->at;
    }
  }
  const Instant now = BootClock::now();
  if (next && *next <= now) {
    next = now + overdue_pause;
  }
  if (told == Told::visitors) {
    next = std::min(next.value_or(Instant::max()), now + patience_with_visitors);
  }
  if (next) {
    own_bell.set_alarm(*next);
  }
}

}  // namespace exclusive_lock::redis
