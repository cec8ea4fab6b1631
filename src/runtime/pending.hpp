#pragma once
// An answer that one thread waits for and another one gives.

#include <condition_variable>
#include <memory>
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

// What a call answers that takes a callback: begins it and waits.
template <class T, class Begin>
T wait_for_answer(Begin begin) {
  // Shared: an answer may come late, or twice, when nobody waits for it any more.
  const auto pending = std::make_shared<Pending<T>>();
  begin([pending](T value) { pending->answer(std::move(value)); });
  return pending->wait();
}

}  // namespace exclusive_lock
