#pragma once
// Requests that found the store busy: another process is writing, or was stopped while it did.
// The requester does not wait for that; a thread carries them out as soon as the store is free, in
// the order in which they came, or answers them at their deadlines.
//
// The thread is made for the first of them. It holds no lock while it waits.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

class LateRequests {
 public:
  // Carries the request out and answers it, without waiting. False: the store is busy still, and
  // `is_last` was not set.
  using Try = std::function<bool(bool is_last)>;

  explicit LateRequests(std::function<Instant()> now) : now_(std::move(now)) {}
  ~LateRequests() { stop(); }
  LateRequests(const LateRequests&) = delete;
  LateRequests& operator=(const LateRequests&) = delete;

  // False: none is waiting. A request that comes now must go behind them.
  [[nodiscard]] bool is_empty() const noexcept { return count_ == 0; }
  // Throws std::system_error where there can be no thread; then it was not taken.
  void add(Instant deadline, Try request);
  // Answers all of them at once, whatever comes, and ends the thread. Not to be called from an
  // answer.
  void stop();

 private:
  struct Late {
    Instant deadline;
    Try request;
  };
  void run();
  // Without the mutex, which is given back in between.
  bool answer(std::unique_lock<std::mutex>& guard, std::list<Late>::iterator late, bool is_last);
  void answer_those_over(std::unique_lock<std::mutex>& guard);

  const std::function<Instant()> now_;
  std::atomic<int> count_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Late> waiting_;
  bool is_stopped_ = false;
  std::thread thread_;
};

}  // namespace exclusive_lock
