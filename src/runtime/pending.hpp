#pragma once
// A result that one thread waits for and another thread sets.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "stores/store.hpp"

namespace exclusive_lock {

template <class T>
class Pending final : public Awaited {
 public:
  // The first answer counts.
  void answer(T value) {
    const std::lock_guard guard(mutex_);
    if (value_)
      return;
    value_ = std::move(value);
    // Under the mutex: the waiting thread may free what is called here as soon as it is awake.
    answered_.notify_all();
    if (notify_)
      notify_();
  }

  void wait() override {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return value_.has_value(); });
  }

  void on_end(std::function<void()> notify) override {
    const std::lock_guard guard(mutex_);
    notify_ = std::move(notify);
    if (notify_ && value_)
      notify_();
  }

  [[nodiscard]] bool has_come() {
    const std::lock_guard guard(mutex_);
    return value_.has_value();
  }

  // Once it has come.
  [[nodiscard]] T take() {
    const std::lock_guard guard(mutex_);
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::optional<T> value_;
  std::function<void()> notify_;
};

// What a call answers that takes a callback and ends in `store`: begins it and waits, as the store
// does it best.
template <class T, class Begin>
T wait_for_answer(Store& store, Begin begin) {
  // Shared: an answer may come late, or twice, when its caller no longer waits.
  const auto pending = std::make_shared<Pending<T>>();
  store.wait([&] { begin([pending](T value) { pending->answer(std::move(value)); }); }, *pending);
  return pending->take();
}

}  // namespace exclusive_lock
