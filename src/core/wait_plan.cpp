#include "core/wait_plan.hpp"

#include <algorithm>

#include "core/pace.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

constexpr Milliseconds shortest_backoff{20};
constexpr Milliseconds longest_backoff{1000};

}  // namespace

WaitPlan::Step WaitPlan::after(const AcquireAnswer& answer, Instant now, double unit) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer))
    return after_failure(*failure, now, unit);
  failures_ = 0;
  if (std::holds_alternative<Acquired>(answer) || std::holds_alternative<AlreadyHeld>(answer))
    return Succeeded{};
  if (is_over(now))
    return TimedOut{};
  if (std::holds_alternative<BusyHere>(answer))
    return TryWhenIdle{.at = deadline_};
  return TryAt{within_deadline(
      now + waiting_pause(std::get<Busy>(answer).remaining_ttl, retry_pause_, unit))};
}

WaitPlan::Step WaitPlan::after_failure(const StoreFailure& failure, Instant now, double unit) {
  if (!is_passing(failure.code) || is_over(now))
    return Failed{failure};
  ++failures_;
  return TryAt{
      within_deadline(now + backoff_pause(failures_, shortest_backoff, longest_backoff, unit))};
}

Instant WaitPlan::within_deadline(Instant at) const {
  return deadline_ ? std::min(at, *deadline_) : at;
}

bool is_passing(const std::error_code& trouble) {
  return trouble == errc::store_unavailable || trouble == errc::outcome_unknown ||
         trouble == errc::store_loading || trouble == errc::store_busy ||
         trouble == errc::too_many_clients;
}

}  // namespace exclusive_lock
