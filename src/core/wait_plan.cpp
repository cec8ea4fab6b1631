#include "core/wait_plan.hpp"

#include <algorithm>

#include "core/pace.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

constexpr Milliseconds min_backoff{20};
constexpr Milliseconds max_backoff{1000};
// If less time is left, there is no further try.
constexpr Milliseconds last_pause{2};

}  // namespace

WaitPlan::Step WaitPlan::after(const AcquireAnswer& answer, Instant now, double unit) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer))
    return after_failure(*failure, now, unit);
  failures_ = 0;
  last_failure_ = std::nullopt;
  was_answered_ = true;
  if (std::holds_alternative<Acquired>(answer) || std::holds_alternative<AlreadyHeld>(answer))
    return Succeeded{};
  if (is_over(now))
    return TimedOut{};
  if (std::holds_alternative<BusyHere>(answer))
    return TryWhenIdle{.at = deadline_};
  return TryAt{
      next_try(now, waiting_pause(std::get<Busy>(answer).remaining_ttl, retry_pause_, unit))};
}

WaitPlan::Step WaitPlan::after_failure(const StoreFailure& failure, Instant now, double unit) {
  if (is_over(now) && (failure.is_time_over || failure.code == errc::outcome_unknown))
    return unanswered_at_deadline(failure);
  if (!is_passing(failure.code) || is_over(now))
    return Failed{failure};
  ++failures_;
  last_failure_ = failure;
  return TryAt{next_try(now, backoff_pause(failures_, min_backoff, max_backoff, unit))};
}

WaitPlan::Step WaitPlan::at_deadline() const {
  if (last_failure_)
    return Failed{*last_failure_};
  return TimedOut{};
}

WaitPlan::Step WaitPlan::unanswered_at_deadline(const StoreFailure& failure) const {
  return was_answered_ || failure.is_time_over ? at_deadline() : Failed{failure};
}

Instant WaitPlan::next_try(Instant now, Milliseconds pause) const {
  if (!deadline_)
    return now + pause;
  const auto left = *deadline_ - now;
  return left <= last_pause ? *deadline_ : now + std::min<Instant::duration>(pause, left / 2);
}

bool is_passing(const std::error_code& error) {
  return error == errc::store_unavailable || error == errc::outcome_unknown ||
         error == errc::store_loading || error == errc::store_busy ||
         error == errc::too_many_clients || error == errc::store_failed_over;
}

}  // namespace exclusive_lock
