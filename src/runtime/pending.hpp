#pragma once
// An answer that one thread waits for and another one gives.

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace exclusive_lock {

template <class T>
class Pending {
 public:
  // The first answer counts.
  void answer(T value) {
    const std::lock_guard guard(mutex_);
    if (!value_)
      value_ = std::move(value);
    answered_.notify_all();  // under the mutex: the waiting thread may free this object as soon as
                             // it is awake
  }

  T wait() {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return value_.has_value(); });
    return *value_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<T> value_;
};

}  // namespace exclusive_lock
