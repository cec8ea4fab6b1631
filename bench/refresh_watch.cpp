#include "refresh_watch.hpp"

#include <algorithm>

#include "core/safe_window.hpp"
#include "statistics.hpp"

namespace exclusive_lock::bench {

RefreshWatch::RefreshWatch(std::size_t locks, std::chrono::milliseconds ttl,
                           std::chrono::milliseconds interval)
    : locks_(locks),
      step_((locks + max_watched - 1) / max_watched),
      interval_(interval),
      promise_(safe_until(Instant{}, ttl) - Instant{}),
      requested_at_((locks + step_ - 1) / step_) {}

double RefreshWatch::share() const {
  return static_cast<double>(requested_at_.size()) / static_cast<double>(locks_);
}

void RefreshWatch::watch(ExclusiveLock& lock, std::size_t place) {
  if (place % step_ == 0) {
    lock.on_refreshed([this, watched = place / step_](const RefreshedEvent& event) {
      refreshed(watched, event.safe_until);
    });
  }
}

void RefreshWatch::begin() {
  const std::lock_guard guard(mutex_);
  is_noting_ = true;
  late_ms_.clear();
  requests_in_slot_.fill(0);
}

RefreshWatch::Seen RefreshWatch::end() {
  const std::lock_guard guard(mutex_);
  is_noting_ = false;
  const auto busiest = static_cast<double>(*std::ranges::max_element(requests_in_slot_));
  const auto even =
      static_cast<double>(late_ms_.size()) / static_cast<double>(requests_in_slot_.size());
  return {.refreshes = late_ms_.size(),
          .late_ms_p99 = quantile(late_ms_, 0.99),
          .busiest = busiest / even};
}

void RefreshWatch::refreshed(std::size_t watched, Instant safe_until) {
  const Instant confirmed_at = BootClock::now();
  const Instant requested_at = safe_until - promise_;
  const std::lock_guard guard(mutex_);
  const Instant due = std::exchange(requested_at_[watched], requested_at) + interval_;
  if (is_noting_ && due > Instant{} + interval_) {
    const auto late = std::chrono::duration<double, std::milli>(confirmed_at - due);
    late_ms_.push_back(std::max(late.count(), 0.0));
    const auto into_interval = requested_at.time_since_epoch() % Instant::duration(interval_);
    const auto slots = static_cast<std::int64_t>(requests_in_slot_.size());
    ++requests_in_slot_[static_cast<std::size_t>(into_interval * slots /
                                                 Instant::duration(interval_))];
  }
}

}  // namespace exclusive_lock::bench
