#pragma once
// How many keys a refresh request may have. Each request causes some five thread wake-ups in this
// process, so it should have many keys. But the store serves no other client during one step of it,
// and that must take less than a millisecond (docs/decisions/0010-refresh-at-scale.md). So a
// request is carried out in several steps, and this class learns its size from the times that the
// store reports.

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace exclusive_lock {

class RequestSize {
 public:
  // The number of steps of a full request.
  static constexpr std::size_t steps = 4;
  // With fewer keys, the request costs more than they do.
  static constexpr std::size_t min_keys = 16;
  // More keys would save hardly anything: a step costs the store as much as some five keys, and a
  // request costs this process as much as some fifty.
  static constexpr std::size_t most = 512;
  // The maximum time of one step.
  static constexpr std::chrono::microseconds limit{1000};

  [[nodiscard]] std::size_t keys() const noexcept {
    constexpr double aimed_at = 0.4;  // one request in a hundred takes twice as long as the others
    const double fitting = steps * aimed_at * static_cast<double>(limit.count()) / us_per_key_;
    return static_cast<std::size_t>(
        std::clamp(fitting, static_cast<double>(min_keys), static_cast<double>(most)));
  }

  // On a busy machine, some requests take many times as long as their keys need: so fast requests
  // have more weight.
  void answered(std::size_t keys, std::chrono::microseconds took) noexcept {
    if (keys < min_keys)
      return;  // the time depends mostly on the request, not on its keys
    const double seen = static_cast<double>(took.count()) / static_cast<double>(keys);
    const double change = std::clamp(seen, 0.1, 1000.0) - us_per_key_;
    us_per_key_ += change < 0 ? change / 4 : change / 32;
  }

 private:
  double us_per_key_ = 6;  // a slow store, so that the first requests are not too large
};

}  // namespace exclusive_lock
