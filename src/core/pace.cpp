#include "core/pace.hpp"

#include <algorithm>

namespace exclusive_lock {
namespace {

// Waiters that try after the same expiry are spread over this time.
constexpr Milliseconds expiry_spread{5};

Milliseconds share(Milliseconds whole, double unit) {
  return Milliseconds{static_cast<Milliseconds::rep>(static_cast<double>(whole.count()) * unit)};
}

}  // namespace

Milliseconds waiting_pause(std::optional<Milliseconds> remaining_ttl, Milliseconds max_pause,
                           double unit) {
  const Milliseconds routine = max_pause / 2 + share(max_pause - max_pause / 2, unit);
  if (!remaining_ttl)
    return routine;
  const Milliseconds expiry =
      std::max(*remaining_ttl, Milliseconds{0}) + after_expiry + share(expiry_spread, unit);
  return std::min(routine, expiry);
}

Milliseconds backoff_pause(int failures, Milliseconds min_pause, Milliseconds max_pause,
                           double unit) {
  // 2^20 x 1 ms is larger than every max_pause in use, and cannot overflow.
  constexpr int max_doublings = 20;
  const int doublings = std::clamp(failures - 1, 0, max_doublings);
  const Milliseconds full = std::min(max_pause, min_pause * (1 << doublings));
  return std::max(full / 2 + share(full - full / 2, unit), Milliseconds{1});
}

Milliseconds failure_pause(int failures, Milliseconds interval) {
  constexpr int first_divisor = 8;
  constexpr double full_pause = 1.0;
  return backoff_pause(failures, std::max(interval / first_divisor, Milliseconds{1}), interval,
                       full_pause);
}

}  // namespace exclusive_lock
