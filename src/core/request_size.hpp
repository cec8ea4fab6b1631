#pragma once
// How many keys one request to refresh may have, so that the store is not busy with it for longer
// than a millisecond, in which it serves nobody else (DESIGN 3.6). Learned from what the store says
// that its requests took.

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace exclusive_lock {

class RequestSize {
 public:
  // With fewer, a request costs more than its keys.
  static constexpr std::size_t fewest = 16;
  // More would save hardly anything: a request costs the store as much as some five keys, and our
  // side as much as some fifty.
  static constexpr std::size_t most = 250;
  static constexpr std::chrono::microseconds limit{1000};

  [[nodiscard]] std::size_t keys() const noexcept {
    constexpr double aimed_at = 0.4;  // one in a hundred takes twice as long as the others
    const double fitting = aimed_at * static_cast<double>(limit.count()) / us_per_key_;
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
