#include "core/store_clock_watch.hpp"

#include <algorithm>

namespace exclusive_lock {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using namespace std::chrono_literals;

// 10 % by the tick and 0.05 % by the frequency (adjtimex(2)).
constexpr Drift max_slew{.ppm = 100'500};
// Two replies that are closer together show only their round trips.
constexpr Instant::duration min_apart = 400ms;
constexpr Instant::duration kept_every = 1s;
constexpr Instant::duration kept_for = 8s;
// A rate is used for this time at least and twice as long at most: a slow reply, which proves no
// rate, does not prove that a slew is over.
constexpr Instant::duration proven_for = 8s;

// Makes rates equal that differ only by their measurement.
Drift rounded_up(std::int64_t ppm) {
  constexpr std::int64_t whole = 5'000;
  return {.ppm = static_cast<std::int32_t>((ppm + whole - 1) / whole * whole)};
}

// Limited to 100 %, which is more than any clock gains.
std::int64_t ppm_of(microseconds gained, Instant::duration in) {
  const double rate = static_cast<double>(gained.count()) /
                      static_cast<double>(duration_cast<microseconds>(in).count());
  return static_cast<std::int64_t>(std::clamp(rate, -1.0, 1.0) * 1e6);
}

bool is_faster_than_slews(const StoreClockWatch::Step& step, Instant::duration in) {
  return std::chrono::abs(step.least) >
         duration_cast<microseconds>(max_slew.of(in)) + safety_margin;
}

}  // namespace

std::optional<StoreClockWatch::Step> StoreClockWatch::observe(Instant requested_at,
                                                              Instant replied_at,
                                                              StoreTime store_time) {
  const Offset now{
      .least = store_time - duration_cast<microseconds>(replied_at.time_since_epoch()),
      .most = store_time - duration_cast<microseconds>(requested_at.time_since_epoch()),
      .requested_at = requested_at,
      .seen_at = replied_at};
  if (last_ && replied_at < last_->seen_at)
    return std::nullopt;
  const auto step = last_ ? step_since(*last_, now) : std::nullopt;
  // Offsets from before a step do not give a rate.
  if (step && is_faster_than_slews(*step, replied_at - last_->requested_at))
    kept_.clear();
  last_ = now;
  if (replied_at - window_began_ > proven_for) {
    window_began_ = replied_at;
    gains_.begin_window();
    loses_.begin_window();
  }
  gains_.prove(rate_until(now, Direction::gains));
  loses_.prove(rate_until(now, Direction::loses));
  keep(now);
  return step;
}

std::optional<StoreClockWatch::Step> StoreClockWatch::step_since(const Offset& before,
                                                                 const Offset& now) const {
  // The store read its clock at any time between request and reply. If this process was paused
  // before it handled the reply, that time is long ago.
  const auto apart = std::max(now.seen_at - before.requested_at, before.seen_at - now.requested_at);
  const auto tolerance = [apart](Drift drift) {
    return duration_cast<microseconds>(drift.of(apart)) + safety_margin;
  };
  if (now.least > before.most + tolerance(gains_.drift()))
    return Step{.least = now.least - before.most, .most = now.most - before.least};
  if (now.most < before.least - tolerance(loses_.drift()))
    return Step{.least = now.most - before.least, .most = now.least - before.most};
  return std::nullopt;
}

// The lower bound decides whether the rate is more than usual; the upper bound is the rate to use.
Drift StoreClockWatch::rate_until(const Offset& now, Direction direction) const {
  std::int64_t certain = usual_drift.ppm;
  Drift rate = usual_drift;
  for (const Offset& then : kept_) {
    if (now.requested_at - then.seen_at < min_apart)
      continue;
    const Offset& low = direction == Direction::gains ? then : now;
    const Offset& high = direction == Direction::gains ? now : then;
    const auto least = ppm_of(high.least - low.most, now.seen_at - then.requested_at);
    if (least <= certain)
      continue;
    certain = least;
    const auto most = ppm_of(high.most - low.least, now.requested_at - then.seen_at);
    rate = rounded_up(std::min<std::int64_t>(most, max_slew.ppm) + usual_drift.ppm);
  }
  return certain > max_slew.ppm ? usual_drift : rate;
}

void StoreClockWatch::keep(const Offset& now) {
  if (!kept_.empty() && now.requested_at - kept_.back().requested_at < kept_every)
    return;
  kept_.push_back(now);
  // Keeps the last two in any case: a connection with few requests has no others.
  while (kept_.size() > 2 && now.seen_at - kept_[1].seen_at > kept_for)
    kept_.pop_front();
}

}  // namespace exclusive_lock
