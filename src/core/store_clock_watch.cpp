#include "core/store_clock_watch.hpp"

#include <algorithm>

#include "core/safe_window.hpp"

namespace exclusive_lock {

using std::chrono::duration_cast;
using std::chrono::microseconds;

std::optional<StoreClockWatch::Step> StoreClockWatch::observe(Instant requested_at,
                                                              Instant replied_at,
                                                              StoreTime store_time) {
  const Offset now{
      .least = store_time - duration_cast<microseconds>(replied_at.time_since_epoch()),
      .most = store_time - duration_cast<microseconds>(requested_at.time_since_epoch()),
      .requested_at = requested_at,
      .seen_at = replied_at};
  if (!last_) {
    last_ = now;
    return std::nullopt;
  }
  const Offset before = *last_;
  if (replied_at >= before.seen_at)
    last_ = now;

  // The clocks were read at any time between request and reply: a reply that lay about before it
  // was looked at (the process was paused) is older than it seems.
  const auto apart = duration_cast<microseconds>(
      std::max(replied_at - before.requested_at, before.seen_at - requested_at));
  const microseconds tolerance = apart * clock_drift_percent / 100 + safety_margin;
  const bool forward = now.least > before.most + tolerance;
  const bool backward = now.most < before.least - tolerance;
  if (forward)
    return Step{.least = now.least - before.most, .most = now.most - before.least};
  if (backward)
    return Step{.least = now.most - before.least, .most = now.least - before.most};
  return std::nullopt;
}

}  // namespace exclusive_lock
