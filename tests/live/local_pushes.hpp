#pragma once
// Hears the pushes of an embedded store, for tests that wait for one.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/protocol.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::live {

class LocalPushes {
 public:
  // To be called before the first attempt with wait options.
  explicit LocalPushes(Store& store) {
    store.listen({.wake_up =
                      [heard = heard_](const WakeUp& wake_up) {
                        const std::lock_guard guard(heard->mutex);
                        heard->wake_ups.push_back(wake_up);
                        heard->is_new.notify_all();
                      },
                  .pushes_resumed = [] {}});
  }

  // Waits for one; none: it did not come for a long time.
  [[nodiscard]] std::optional<WakeUp> of(const Owner& owner) const {
    std::unique_lock guard(heard_->mutex);
    const auto find = [&] {
      return std::find_if(heard_->wake_ups.begin(), heard_->wake_ups.end(),
                          [&](const WakeUp& wake_up) { return wake_up.owner == owner; });
    };
    heard_->is_new.wait_for(guard, std::chrono::seconds(20),
                            [&] { return find() != heard_->wake_ups.end(); });
    const auto found = find();
    return found == heard_->wake_ups.end() ? std::nullopt : std::optional(*found);
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard guard(heard_->mutex);
    return heard_->wake_ups.size();
  }

 private:
  struct Heard {
    std::mutex mutex;
    std::condition_variable is_new;
    std::vector<WakeUp> wake_ups;
  };
  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

}  // namespace exclusive_lock::live
