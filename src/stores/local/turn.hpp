#pragma once
// A mutex whose wait is bounded. std::timed_mutex would do, but calls pthread_mutex_clocklock,
// which the ThreadSanitizer of g++ 12 does not know, so that it takes every unlock for a mistake.

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace exclusive_lock {

class Turn {
 public:
  // Held by its owner until it is destroyed, if it was given.
  class Held {
   public:
    explicit Held(Turn& turn) : turn_(turn) { turn_.wait(); }
    Held(Turn& turn, std::chrono::nanoseconds max_wait)
        : turn_(turn), is_given_(turn.wait_for(max_wait)) {}
    ~Held() {
      if (is_given_) {
        turn_.give_back();
      }
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    [[nodiscard]] bool is_given() const noexcept { return is_given_; }

   private:
    Turn& turn_;
    bool is_given_ = true;
  };

 private:
  void wait() {
    std::unique_lock guard(mutex_);
    is_free_again_.wait(guard, [this] { return !is_taken_; });
    is_taken_ = true;
  }
  bool wait_for(std::chrono::nanoseconds max_wait) {
    std::unique_lock guard(mutex_);
    if (!is_free_again_.wait_for(guard, max_wait, [this] { return !is_taken_; })) {
      return false;
    }
    is_taken_ = true;
    return true;
  }
  void give_back() noexcept {
    {
      const std::lock_guard guard(mutex_);
      is_taken_ = false;
    }
    is_free_again_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable is_free_again_;
  bool is_taken_ = false;
};

}  // namespace exclusive_lock
