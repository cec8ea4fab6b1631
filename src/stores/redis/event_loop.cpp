#include "stores/redis/event_loop.hpp"

#include <poll.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "stores/quiet_thread.hpp"
#include "stores/redis/event_loop_impl.hpp"

namespace exclusive_lock::redis {

// poll(2) and Asio sleep by CLOCK_MONOTONIC, which stops while the machine is suspended; BootClock
// does not. So the loop looks again at least this often, and a timer that fell into a suspension
// comes soon after it.
inline constexpr std::chrono::milliseconds max_sleep{250};

// So long may guests stay away that are expected.
inline constexpr std::chrono::milliseconds limit_with_guests{4};

namespace {

// A lookup of no interest, given up at once.
void start_thread_of_lookups(boost::asio::io_context& io) {
  using boost::asio::ip::tcp;
  const BlockAllSignals in_the_new_thread;
  tcp::resolver(io).async_resolve("127.0.0.1", "0", [](auto&&...) {});
}

// Not io.poll(): a server that never stops sending has a handler ready all the time, and the timer
// that is to end its link would never be looked at.
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

void EventLoop::post(std::function<void()> task) {
  impl_->post(std::move(task));
  impl_->turns.handed_in();
}

void EventLoop::wait(const std::function<void()>& begin, Awaited& end) {
  impl_->turns.wait(begin, end);
}

std::shared_ptr<void> EventLoop::Impl::live() {
  turns.serve();
  const std::lock_guard guard(mutex);
  has_ended = true;
  news.notify_all();
  return std::move(owner);
}

void EventLoop::finish() {
  impl_->begin_to_finish();
  impl_->thread.join();
}

void EventLoop::finish_or_leave(Milliseconds max_wait, std::shared_ptr<void> owner) {
  impl_->begin_to_finish();
  std::unique_lock lock(impl_->mutex);
  if (impl_->news.wait_for(lock, max_wait, [this] { return impl_->has_ended; })) {
    lock.unlock();
    return impl_->thread.join();
  }
  impl_->owner = std::move(owner);
  impl_->thread.detach();
}

struct LoopTimer::Impl {
  EventLoop::Impl& loop;
  std::function<void()> wake;
  std::optional<Instant> at{};
};

LoopTimer::LoopTimer(EventLoop& loop, std::function<void()> wake)
    : impl_(new Impl{.loop = loop.impl(), .wake = std::move(wake)}) {}

LoopTimer::~LoopTimer() { impl_->loop.timers.erase(impl_.get()); }

void LoopTimer::set(Instant at) {
  impl_->at = at;
  impl_->loop.timers.insert(impl_.get());  // only now: it may have been made on another thread
}

void LoopTimer::cancel() { impl_->at.reset(); }

// --- a turn ---

void EventLoop::Impl::begin_to_finish() {
  turns.finish();
  is_finishing_ = true;
  work.reset();
  wake_whoever_waits();
}

void EventLoop::Impl::post(std::function<void()> task) {
  {
    const std::lock_guard guard(tasks_mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_whoever_waits();
}

void EventLoop::Impl::stop() {
  is_stopped_ = true;
  wake_whoever_waits();
}

void EventLoop::Impl::restart() { is_stopped_ = false; }

// While it finishes: what was begun with Asio has to end.
bool EventLoop::Impl::needs_asio() const { return asio_users > 0 || is_finishing_; }

void EventLoop::Impl::run() {
  while (!is_stopped_) {
    if (run_own()) {
      continue;
    }
    if (is_finishing_ && io.stopped()) {
      return;
    }
    needs_asio() ? run_asio(until_next_timer()) : read_sockets(until_next_timer());
  }
}

bool EventLoop::Impl::run_ready() {
  const bool did_own = run_own();
  const bool did_io = needs_asio() ? run_asio(Milliseconds(0)) : read_sockets(Milliseconds(0));
  return run_handed_in() || did_own || did_io;
}

// Not until nothing is ready: a server that never stops sending would hold the caller. What is left
// is readable still, and so told of.
bool EventLoop::Impl::run_handed_in() {
  constexpr int max_rounds = 16;
  int rounds = 0;
  while (rounds < max_rounds && (run_own() || (needs_asio() && run_asio(Milliseconds(0))))) {
    ++rounds;
  }
  return rounds > 0;
}

bool EventLoop::Impl::run_own() {
  const bool did_tasks = run_tasks();
  return ring_due_timers() || did_tasks;
}

// Those that are there now: what they post comes after.
bool EventLoop::Impl::run_tasks() {
  running_tasks_.clear();  // where one has thrown after all, the others go with it
  {
    const std::lock_guard guard(tasks_mutex_);
    running_tasks_.swap(tasks_);
  }
  const bool was_something = !running_tasks_.empty();
  for (const auto& task : running_tasks_) {
    task();
  }
  running_tasks_.clear();
  return was_something;
}

bool EventLoop::Impl::ring_due_timers() {
  const Instant now = BootClock::now();
  const auto is_due = [now](const LoopTimer::Impl* timer) {
    return timer->at && *timer->at <= now;
  };
  if (std::ranges::none_of(timers, is_due)) {
    return false;
  }
  // What came while this thread could not run was in time.
  needs_asio() ? poll_asio(io) : read_sockets(Milliseconds(0));
  bool was_something = false;
  for (auto each = timers.begin(); each != timers.end();) {
    LoopTimer::Impl* const timer = *each;
    if (timer->at && *timer->at <= now) {
      timer->at.reset();
      timer->wake();  // may end timers, this one too
      was_something = true;
    }
    each = timers.upper_bound(timer);
  }
  return was_something;
}

Milliseconds EventLoop::Impl::until_next_timer() const {
  Instant next = BootClock::now() + max_sleep;
  for (const LoopTimer::Impl* each : timers) {
    next = std::min(next, each->at.value_or(next));
  }
  return std::max(std::chrono::ceil<Milliseconds>(next - BootClock::now()), Milliseconds(0));
}

bool EventLoop::Impl::run_asio(Milliseconds longest) {
  if (longest <= Milliseconds(0) || !begin_waiting(Waiting::in_asio)) {
    return poll_asio(io);
  }
  const bool was_something = io.run_one_for(longest) > 0;
  end_waiting();
  return was_something;
}

bool EventLoop::Impl::read_sockets(Milliseconds longest) {
  polled.clear();
  for (const Socket& each : sockets) {
    polled.push_back({.fd = each.descriptor, .events = POLLIN, .revents = 0});
  }
  if (longest <= Milliseconds(0) || !begin_waiting(Waiting::in_poll)) {
    ::poll(polled.data(), polled.size(), 0);
  } else {
    polled.push_back({.fd = wake_up.descriptor(), .events = POLLIN, .revents = 0});
    ::poll(polled.data(), polled.size(), static_cast<int>(longest.count()));
    end_waiting();
    if (polled.back().revents != 0) {
      wake_up.silence();
    }
    polled.pop_back();
  }
  bool was_something = false;
  for (const pollfd& ready : polled) {
    // It may be gone: what was read before can end any of them.
    const auto socket = std::ranges::find(sockets, ready.fd, &Socket::descriptor);
    if (ready.revents != 0 && socket != sockets.end() && socket->reader != nullptr) {
      socket->reader->read_ready();
      was_something = true;
    }
  }
  return was_something;
}

bool EventLoop::Impl::begin_waiting(Waiting waiting) {
  const std::lock_guard guard(tasks_mutex_);
  // Only with Asio is the end of the loop noticed.
  const bool may_wait =
      tasks_.empty() && !is_stopped_ && (waiting == Waiting::in_asio || !is_finishing_);
  waiting_ = may_wait ? waiting : Waiting::no;
  return may_wait;
}

void EventLoop::Impl::end_waiting() {
  const std::lock_guard guard(tasks_mutex_);
  waiting_ = Waiting::no;
}

void EventLoop::Impl::wake_whoever_waits() {
  const std::lock_guard guard(tasks_mutex_);
  if (waiting_ == Waiting::in_poll) {
    wake_up.wake_up();
  } else if (waiting_ == Waiting::in_asio) {
    boost::asio::post(io, [] {});
  }
  waiting_ = Waiting::no;  // once is enough
}

// --- what is told while nobody runs the loop ---

bool EventLoop::Impl::add(int socket, SocketReader* reader) {
  sockets.push_back({.descriptor = socket, .reader = reader});
  return own_bell.news.add(socket);
}

void EventLoop::Impl::remove(int socket) {
  std::erase_if(sockets, [socket](const Socket& each) { return each.descriptor == socket; });
  own_bell.news.remove(socket);
}

// Who is told hears of each socket over which something is to come. One that was switched on stays
// so until somebody else runs the loop or is told. Of the end of a connection the own thread hears
// always. So a call that is answered while its caller runs the loop makes no epoll_ctl, whether
// others follow soon or not.
void EventLoop::Impl::tell(Told told) {
  const bool is_told = told == Told::own_thread;
  bool expects_news = false;
  for (const Socket& each : sockets) {
    if (!is_told || each.expects_news()) {
      own_bell.news.turn(each.descriptor, is_told);
    }
    expects_news = expects_news || each.expects_news();
  }
  if (told == Told::nobody) {
    return;
  }
  const bool may_be_missed = told != Told::own_thread && expects_news;
  Instant next = may_be_missed ? BootClock::now() + limit_with_guests : Instant::max();
  for (const LoopTimer::Impl* each : timers) {
    next = std::min(next, each->at.value_or(next));
  }
  if (next != Instant::max()) {
    own_bell.set_alarm(next);
  }
}

}  // namespace exclusive_lock::redis
