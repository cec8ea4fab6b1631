#include "stores/local/liveness.hpp"

#include <algorithm>
#include <chrono>

#include "core/options_check.hpp"

namespace exclusive_lock {

bool Liveness::is_live(const LockRow& row) const {
  if (!row.head) {
    return false;
  }
  if (row.expires_at_ns && (row.boot != machine_.boot || *row.expires_at_ns <= now_ns_)) {
    return false;
  }
  return !row.holder || holder_.is_alive(*row.holder);
}

bool Liveness::is_alive(const WaiterRow& waiter) const {
  constexpr std::int64_t max_ns = std::chrono::nanoseconds(max_ttl).count();
  const bool is_in_time =
      waiter.alive_until_ns > now_ns_ && waiter.alive_until_ns - now_ns_ <= max_ns;
  return waiter.is_sound && is_of_this_boot(waiter) && is_in_time &&
         holder_.is_alive(waiter.holder);
}

bool Liveness::is_of_this_boot(const WaiterRow& waiter) const {
  return waiter.boot == machine_.boot;
}

std::optional<Milliseconds> Liveness::remaining_ttl(const LockRow& row) const {
  if (!row.expires_at_ns) {
    return std::nullopt;
  }
  return std::chrono::ceil<Milliseconds>(std::chrono::nanoseconds(*row.expires_at_ns - now_ns_));
}

std::int64_t Liveness::expiry_after(Milliseconds ttl) const {
  return now_ns_ + std::chrono::nanoseconds(std::max(ttl, Milliseconds(1))).count();
}

}  // namespace exclusive_lock
