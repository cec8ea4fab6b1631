#include "stores/local/late_requests.hpp"

#include <chrono>
#include <utility>

#include "os/quiet_thread.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Between two tries for the first in line.
constexpr auto try_pause = 1ms;

}  // namespace

void LateRequests::add(Instant deadline, Try request) {
  const std::lock_guard guard(mutex_);
  if (!thread_.joinable()) {
    thread_ = quiet_thread([this] { run(); });
  }
  waiting_.push_back({.deadline = deadline, .request = std::move(request)});
  ++count_;
  changed_.notify_one();
}

void LateRequests::stop() {
  std::thread ended;
  {
    const std::lock_guard guard(mutex_);
    is_stopped_ = true;
    ended = std::move(thread_);
  }
  changed_.notify_one();
  if (ended.joinable()) {
    ended.join();
  }
}

void LateRequests::run() {
  std::unique_lock guard(mutex_);
  while (true) {
    changed_.wait(guard, [this] { return is_stopped_ || !waiting_.empty(); });
    if (waiting_.empty()) {
      return;
    }
    if (answer(guard, waiting_.begin(), is_stopped_)) {
      continue;
    }
    answer_those_over(guard);
    changed_.wait_for(guard, try_pause, [this] { return is_stopped_; });
  }
}

// Only this thread takes any out, so the iterator stays good.
bool LateRequests::answer(std::unique_lock<std::mutex>& guard, std::list<Late>::iterator late,
                          bool is_last) {
  guard.unlock();
  const bool is_answered = late->request(is_last);
  guard.lock();
  if (is_answered) {
    waiting_.erase(late);
    --count_;
  }
  return is_answered;
}

void LateRequests::answer_those_over(std::unique_lock<std::mutex>& guard) {
  const Instant now = now_();
  for (auto late = waiting_.begin(); late != waiting_.end();) {
    const auto each = late++;
    if (each->deadline <= now) {
      answer(guard, each, true);
    }
  }
}

}  // namespace exclusive_lock
