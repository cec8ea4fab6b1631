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
  // To be called before the first attempt with patience.
  explicit LocalPushes(Store& store) {
    store.listen({.granted =
                      [heard = heard_](const Grant& grant) {
                        const std::lock_guard guard(heard->mutex);
                        heard->grants.push_back(grant);
                        heard->is_new.notify_all();
                      },
                  .pushes_resumed = [] {}});
  }

  // Waits for one; none: it did not come for a long time.
  [[nodiscard]] std::optional<Grant> of(const Owner& owner) const {
    std::unique_lock guard(heard_->mutex);
    const auto find = [&] {
      return std::find_if(heard_->grants.begin(), heard_->grants.end(),
                          [&](const Grant& grant) { return grant.owner == owner; });
    };
    heard_->is_new.wait_for(guard, std::chrono::seconds(20),
                            [&] { return find() != heard_->grants.end(); });
    const auto found = find();
    return found == heard_->grants.end() ? std::nullopt : std::optional(*found);
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard guard(heard_->mutex);
    return heard_->grants.size();
  }

 private:
  struct Heard {
    std::mutex mutex;
    std::condition_variable is_new;
    std::vector<Grant> grants;
  };
  std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
};

}  // namespace exclusive_lock::live
