#include "stores/redis/event_loop.hpp"

#include <poll.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "os/quiet_thread.hpp"
#include "stores/redis/event_loop_impl.hpp"

namespace exclusive_lock::redis {
namespace {

// poll(2) and Asio sleep by CLOCK_MONOTONIC, which stops while the machine is suspended; BootClock
// does not. So the loop looks again at least this often, and a timer that fell into a suspension
// comes soon after it.
constexpr std::chrono::milliseconds max_sleep{250};

// A lookup of no interest, given up at once.
void start_thread_of_lookups(boost::asio::io_context& io) {
  using boost::asio::ip::tcp;
  const BlockAllSignals in_the_new_thread;
  tcp::resolver(io).async_resolve("127.0.0.1", "0", [](auto&&...) {});
}

// Not io.poll(): a server that never stops sending has a handler ready all the time, and the timer
// that is to end its connection would never be looked at.
bool poll_asio(boost::asio::io_context& io) {
  constexpr int max_handlers = 64;
  int handlers = 0;
  while (handlers < max_handlers && io.poll_one() > 0) {
    ++handlers;
  }
  return handlers > 0;
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

void EventLoop::post(std::function<void()> task) { impl_->ownership.post(std::move(task)); }

void EventLoop::wait(const std::function<void()>& begin, Awaited& end) {
  impl_->ownership.wait(begin, end);
}

std::shared_ptr<void> EventLoop::Impl::live() {
  ownership.serve();
  const std::lock_guard guard(mutex);
  has_ended = true;
  changed.notify_all();
  return std::move(owner);
}

void EventLoop::finish() {
  impl_->begin_to_finish();
  impl_->thread.join();
}

void EventLoop::finish_or_leave(Milliseconds max_wait, std::shared_ptr<void> owner) {
  impl_->begin_to_finish();
  std::unique_lock lock(impl_->mutex);
  if (impl_->changed.wait_for(lock, max_wait, [this] { return impl_->has_ended; })) {
    lock.unlock();
    return impl_->thread.join();
  }
  impl_->owner = std::move(owner);
  impl_->thread.detach();
}

void EventLoop::Impl::begin_to_finish() {
  ownership.finish();
  work_.reset();
}

LoopTimer::~LoopTimer() { loop_.timers.erase(this); }

void LoopTimer::set(Instant at) {
  at_ = at;
  loop_.timers.insert(this);  // only now: it may have been made on another thread
}

// --- for the owner ---

// Each round looks at the sockets too: a flood of tasks must not keep replies from being read.
void EventLoop::Impl::run() {
  while (!ownership.is_stopped()) {
    const bool did_something = run_own();
    if (!did_something && ownership.is_finishing() && io.stopped()) {
      return;
    }
    do_io(until_next_timer());
  }
}

void EventLoop::Impl::run_ready() {
  run_own();
  do_io(Milliseconds(0));
  run_posted();
}

// Not until nothing is ready: a server that never stops sending would hold the caller. What is left
// makes the loop due (tasks), or is readable still.
void EventLoop::Impl::run_posted() {
  constexpr int max_rounds = 16;
  int rounds = 0;
  while (rounds < max_rounds && (run_own() || (needs_asio() && run_asio(Milliseconds(0))))) {
    ++rounds;
  }
}

// While it finishes: what was begun with Asio has to end.
bool EventLoop::Impl::needs_asio() const { return asio_users > 0 || ownership.is_finishing(); }

bool EventLoop::Impl::run_own() {
  const bool did_tasks = run_tasks();
  return run_due_timers() || did_tasks;
}

// Those that are there now: what they post comes after.
bool EventLoop::Impl::run_tasks() {
  running_tasks_.clear();  // where one has thrown after all, the others go with it
  ownership.take_tasks(running_tasks_);
  const bool was_something = !running_tasks_.empty();
  for (const auto& task : running_tasks_) {
    task();
  }
  running_tasks_.clear();
  return was_something;
}

bool EventLoop::Impl::run_due_timers() {
  const Instant now = BootClock::now();
  const auto is_due = [now](const LoopTimer* timer) { return timer->at_ && *timer->at_ <= now; };
  if (std::ranges::none_of(timers, is_due)) {
    return false;
  }
  // What came while this thread could not run was in time.
  do_io(Milliseconds(0));
  bool was_something = false;
  for (auto each = timers.begin(); each != timers.end();) {
    LoopTimer* const timer = *each;
    if (is_due(timer)) {
      timer->at_.reset();
      timer->wake_();  // may end timers, this one too
      was_something = true;
    }
    each = timers.upper_bound(timer);
  }
  return was_something;
}

Instant EventLoop::Impl::next_timer() const {
  Instant next = Instant::max();
  for (const LoopTimer* each : timers) {
    next = std::min(next, each->at_.value_or(next));
  }
  return next;
}

Milliseconds EventLoop::Impl::until_next_timer() const {
  const Instant now = BootClock::now();
  const Instant next = std::min(next_timer(), now + max_sleep);
  return std::max(std::chrono::ceil<Milliseconds>(next - now), Milliseconds(0));
}

bool EventLoop::Impl::do_io(Milliseconds max_wait) {
  return needs_asio() ? run_asio(max_wait) : read_sockets(max_wait);
}

bool EventLoop::Impl::run_asio(Milliseconds max_wait) {
  waits_in_asio_ = true;
  if (max_wait <= Milliseconds(0) || !ownership.begin_waiting()) {
    return poll_asio(io);
  }
  const bool was_something = io.run_one_for(max_wait) > 0;
  ownership.end_waiting();
  return was_something;
}

bool EventLoop::Impl::read_sockets(Milliseconds max_wait) {
  poll_sockets(max_wait);
  bool was_something = false;
  for (const pollfd& ready : polled_) {
    // It may be gone: what was read before can end any of them.
    const auto socket = std::ranges::find(sockets_, ready.fd, &Socket::descriptor);
    if (ready.revents != 0 && socket != sockets_.end() && socket->reader != nullptr) {
      socket->reader->read_ready();
      was_something = true;
    }
  }
  return was_something;
}

void EventLoop::Impl::poll_sockets(Milliseconds max_wait) {
  polled_.clear();
  for (const Socket& each : sockets_) {
    polled_.push_back({.fd = each.descriptor, .events = POLLIN, .revents = 0});
  }
  waits_in_asio_ = false;
  // Only with Asio is the end of a loop noticed that finishes.
  if (max_wait <= Milliseconds(0) || !ownership.begin_waiting() || ownership.is_finishing()) {
    ::poll(polled_.data(), polled_.size(), 0);
  } else {
    polled_.push_back({.fd = owner_wake_up_.descriptor(), .events = POLLIN, .revents = 0});
    ::poll(polled_.data(), polled_.size(), static_cast<int>(max_wait.count()));
    ownership.end_waiting();
    if (polled_.back().revents != 0) {
      owner_wake_up_.silence();
    }
    polled_.pop_back();
  }
}

void EventLoop::Impl::wake_owner() {
  if (waits_in_asio_) {
    boost::asio::post(io, [] {});
  } else {
    owner_wake_up_.wake_up();
  }
}

// --- while the loop has no owner ---

bool EventLoop::Impl::add(int socket, SocketReader* reader) {
  sockets_.push_back({.descriptor = socket, .reader = reader});
  return io_thread_sleep_.add(socket);
}

void EventLoop::Impl::remove(int socket) {
  if (std::erase_if(sockets_, [&](const Socket& each) { return each.descriptor == socket; }) > 0) {
    io_thread_sleep_.remove(socket);
  }
}

// Sockets over which something is to come; of the others only the end wakes the I/O thread. A
// socket stays watched until a leader comes. So a call that is answered while its caller runs the
// loop makes no epoll_ctl.
void EventLoop::Impl::watch(bool on) {
  for (Socket& each : sockets_) {
    const bool changes = on ? each.expects_data() && !each.is_watched : each.is_watched;
    if (changes) {
      each.is_watched = on;
      io_thread_sleep_.watch(each.descriptor, on);
    }
  }
  if (on) {
    io_thread_sleep_.set_alarm(next_timer());
  }
}

void EventLoop::Impl::sleep(bool for_events) {
  for_events ? io_thread_sleep_.until_event() : io_thread_sleep_.until_woken();
}

}  // namespace exclusive_lock::redis
