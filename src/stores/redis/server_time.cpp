#include "stores/redis/server_time.hpp"

#include <algorithm>

namespace exclusive_lock::redis {

using std::chrono::nanoseconds;

void ServerTime::observe(Instant requested_at, Instant replied_at, StoreTime server_time) {
  // TIME counts whole microseconds: the server read its clock up to one later than it says.
  const nanoseconds largest =
      server_time + std::chrono::microseconds(1) - requested_at.time_since_epoch();
  const nanoseconds least = server_time - replied_at.time_since_epoch();
  if (!largest_ || least > largest_at(replied_at) || largest <= largest_at(replied_at)) {
    largest_ = Offset{.value = largest, .seen_at = replied_at};
  }
}

std::int64_t ServerTime::latest_us(Instant instant) const {
  if (!largest_) {
    return 0;
  }
  const nanoseconds latest = instant.time_since_epoch() + largest_at(instant);
  // At least 1: 0 means "no limit".
  return std::max<std::int64_t>(std::chrono::ceil<std::chrono::microseconds>(latest).count(), 1);
}

nanoseconds ServerTime::largest_at(Instant instant) const {
  const nanoseconds age = std::max(instant - largest_->seen_at, nanoseconds(0));
  return largest_->value + age / drift_divisor;
}

}  // namespace exclusive_lock::redis
