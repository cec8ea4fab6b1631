#pragma once
// How many keys one request to refresh may have. Each request wakes our side some five times, so it
// should have many; but while the store is busy with one step of it, it serves nobody else, and
// that must not last for a millisecond (DESIGN 3.6). So a request is carried out in several steps.
// Learned from what the store says that its requests took.

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace exclusive_lock {

class RequestSize {
 public:
  // Of a full request.
  static constexpr std::size_t steps = 4;
  // With fewer, a request costs more than its keys.
  static constexpr std::size_t fewest = 16;
  // More would save hardly anything: a step costs the store as much as some five keys, and a
  // request costs our side as much as some fifty.
  static constexpr std::size_t most = 512;
  // Of one step.
  static constexpr std::chrono::microseconds limit{1000};

  [[nodiscard]] std::size_t keys() const noexcept {
    constexpr double aimed_at = 0.4;  // one in a hundred takes twice as long as the others
    const double fitting = steps * aimed_at * static_cast<double>(limit.count()) / us_per_key_;
    return static_cast<std::size_t>(
        std::clamp(fitting, static_cast<double>(fewest), static_cast<double>(most)));
  }

  // Where the store's machine is busy with others, some requests take many times what their keys
  // do: fast ones count for more.
  void answered(std::size_t keys, std::chrono::microseconds took) noexcept {
    if (keys < fewest)
      return;  // what it took is not the keys'
    const double seen = static_cast<double>(took.count()) / static_cast<double>(keys);
    const double change = std::clamp(seen, 0.1, 1000.0) - us_per_key_;
    us_per_key_ += change < 0 ? change / 4 : change / 32;
  }

 private:
  double us_per_key_ = 6;  // a slow store, so that the first requests are not too large
};

}  // namespace exclusive_lock
