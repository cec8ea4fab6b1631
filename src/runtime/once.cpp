#include "exclusive_lock/once.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/options_check.hpp"
#include "exclusive_lock/saturating.hpp"

namespace exclusive_lock {
namespace {

struct Rule {
  std::chrono::milliseconds period;
  std::chrono::milliseconds tolerance;
};

bool is_done(const ExclusiveLock& lock, const Rule& rule) {
  const auto done = lock.last_done();
  return done && is_done_recently(*done, rule.period, rule.tolerance);
}

bool acquire(ExclusiveLock& lock, const OnceOptions& options) {
  return lock.acquire_until(options.wait ? deadline_after(*options.wait) : Instant::max(),
                            options.stop);
}

}  // namespace

std::chrono::milliseconds tolerance_or_refuse(OptionMilliseconds period,
                                              const OnceOptions& options) {
  const auto tolerance = options.tolerance.value_or(default_tolerance(period));
  std::vector<Mistake> mistakes = mistakes_in_period(period, "period");
  const std::vector<Mistake> in_hold = mistakes_in_min_hold(options.min_hold);
  mistakes.insert(mistakes.end(), in_hold.begin(), in_hold.end());
  if (mistakes.empty() && (tolerance.count() < 0 || tolerance > period)) {
    mistakes.push_back({.field = "tolerance",
                        .problem = "is " + std::to_string(tolerance.count()) + " ms",
                        .allowed = "0 ms to the period"});
  }
  refuse(std::move(mistakes));
  return tolerance;
}

OnceOutcome once_outcome(const DoneRelease& release) {
  switch (release.outcome) {
    case ReleaseOutcome::released:
      return release.not_recorded ? OnceOutcome::not_recorded : OnceOutcome::ran;
    case ReleaseOutcome::not_held:
      return OnceOutcome::lost;
    case ReleaseOutcome::unknown:
      return OnceOutcome::unknown;
  }
  return OnceOutcome::unknown;
}

OnceOutcome once(Options lock_options, OptionMilliseconds period,
                 const std::function<void(ExclusiveLock&)>& work, const OnceOptions& options) {
  const Rule rule{.period = period, .tolerance = tolerance_or_refuse(period, options)};
  lock_options.detached = false;
  ExclusiveLock lock(std::move(lock_options));
  if (is_done(lock, rule)) {
    return OnceOutcome::skipped;
  }
  if (!acquire(lock, options)) {
    // It may be done, and closed for its minimum hold.
    return is_done(lock, rule) ? OnceOutcome::skipped : OnceOutcome::busy;
  }
  // Another worker may have finished it since. From here on no other one can write the mark.
  if (is_done(lock, rule)) {
    lock.release();
    return OnceOutcome::skipped;
  }
  if (options.min_hold.count() > 0 &&
      lock.hold_at_least(options.min_hold) != RefreshOutcome::refreshed) {
    return OnceOutcome::lost;
  }
  work(lock);
  return once_outcome(lock.release_done(period));
}

}  // namespace exclusive_lock
