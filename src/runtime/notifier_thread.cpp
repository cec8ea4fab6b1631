#include "runtime/notifier_thread.hpp"

#include <algorithm>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace exclusive_lock {

struct NotifierThread::Queue : std::enable_shared_from_this<Queue> {
  explicit Queue(std::optional<std::chrono::milliseconds> max_wait) : max_wait(max_wait) {
    ::pthread_sigmask(SIG_SETMASK, nullptr, &signals);
  }

  const std::optional<std::chrono::milliseconds> max_wait;
  sigset_t signals{};  // of the thread that made this: what a task starts inherits them
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> tasks;
  std::vector<std::thread> threads;
  std::size_t idle = 0;
  std::uint64_t taken = 0;       // tasks, so far
  bool is_last_running = false;  // of those
  std::chrono::steady_clock::time_point last_began;
  bool stopped = false;

  // With the mutex, as all that follow but run().
  void start() {
    threads.emplace_back([queue = shared_from_this()] { queue->run(); });
    ++idle;
  }
  // An idle thread watches whether the one that runs takes too long for the next one.
  void start_if_none_is_idle() noexcept {
    if (!max_wait || idle > 0 || tasks.empty())
      return;
    try {
      start();
    } catch (const std::exception&) {  // no more threads: the next task tries again
      static_cast<void>(0);
    }
  }
  [[nodiscard]] bool is_wait_over() const {
    return std::chrono::steady_clock::now() >= last_began + max_wait.value();
  }
  // None: stopped.
  std::optional<std::function<void()>> next(std::unique_lock<std::mutex>& lock) {
    for (;;) {
      changed.wait(lock, [this] { return stopped || !tasks.empty(); });
      if (stopped)
        return std::nullopt;
      if (!is_last_running || is_wait_over())
        break;
      changed.wait_until(lock, last_began + *max_wait);
    }
    auto task = std::move(tasks.front());
    tasks.pop_front();
    return task;
  }

  void run() {
    ::pthread_sigmask(SIG_SETMASK, &signals, nullptr);
    std::unique_lock lock(mutex);
    while (auto task = next(lock)) {
      const auto mine = ++taken;
      is_last_running = true;
      last_began = std::chrono::steady_clock::now();
      --idle;
      start_if_none_is_idle();
      lock.unlock();
      (*task)();
      task.reset();  // what it owned goes before the mutex is taken again
      lock.lock();
      ++idle;
      if (taken == mine) {
        is_last_running = false;
        changed.notify_all();
      }
    }
  }
};

NotifierThread::NotifierThread() : queue_(std::make_shared<Queue>(std::nullopt)) {
  queue_->start();
}

NotifierThread::NotifierThread(std::chrono::milliseconds max_wait)
    : queue_(std::make_shared<Queue>(max_wait)) {
  queue_->start();
}

NotifierThread::~NotifierThread() {
  std::vector<std::thread> threads;
  std::deque<std::function<void()>> dropped;  // destroyed outside of the mutex
  {
    const std::lock_guard guard(queue_->mutex);
    queue_->stopped = true;
    dropped.swap(queue_->tasks);
    threads.swap(queue_->threads);
  }
  queue_->changed.notify_all();
  for (std::thread& thread : threads) {
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();
    } else {
      thread.join();
    }
  }
}

void NotifierThread::post(std::function<void()> task) {
  const std::lock_guard guard(queue_->mutex);
  if (queue_->stopped)
    return;
  queue_->tasks.push_back(std::move(task));
  queue_->start_if_none_is_idle();
  queue_->changed.notify_one();
}

}  // namespace exclusive_lock
