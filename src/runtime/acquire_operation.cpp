#include "runtime/acquire_operation.hpp"

#include <utility>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

StoreFailure not_answered_in_time() {
  return {.code = errc::outcome_unknown,
          .message = "the store had not answered when the time to wait was over",
          .may_have_run = true};
}

// One try is a plan without any time.
WaitPlan::Step after_one_try(const AcquireAnswer& answer) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer))
    return WaitPlan::Failed{*failure};
  if (std::holds_alternative<Acquired>(answer) || std::holds_alternative<AlreadyHeld>(answer))
    return WaitPlan::Succeeded{};
  return WaitPlan::TimedOut{};
}

}  // namespace

std::optional<AcquireEnd> end_of(const WaitPlan::Step& step) {
  if (const auto* failed = std::get_if<WaitPlan::Failed>(&step))
    return *failed;
  if (std::holds_alternative<WaitPlan::Succeeded>(step))
    return WaitPlan::Succeeded{};
  if (std::holds_alternative<WaitPlan::TimedOut>(step))
    return WaitPlan::TimedOut{};
  return std::nullopt;
}

std::optional<RequestId> AcquireOperation::request() const noexcept {
  return phase_ == Phase::asked ? std::optional(request_) : std::nullopt;
}

void AcquireOperation::begin(Milliseconds retry_pause) {
  if (!waits())
    return;
  if (call_.deadline != Instant::max())
    wait_.until = call_.deadline;
  plan_.emplace(wait_.until, retry_pause);
}

std::optional<Wait> AcquireOperation::ask(RequestId request, Instant now) {
  phase_ = Phase::asked;
  request_ = request;
  return plan_ && !plan_->is_over(now) ? std::optional(wait_) : std::nullopt;
}

WaitPlan::Step AcquireOperation::answered(const AcquireAnswer& answer, std::optional<Ticket> ticket,
                                          Instant now, RandomSource& random) {
  wait_.resumes = true;
  if (std::holds_alternative<Acquired>(answer))
    ticket_ = ticket;
  auto step = plan_ ? plan_->after(answer, now, random.unit()) : after_one_try(answer);
  phase_ = std::holds_alternative<WaitPlan::TryWhenIdle>(step) ? Phase::idle : Phase::paused;
  return step;
}

std::optional<AcquireEnd> AcquireOperation::end_by_deadline(Instant now) const {
  if (!plan_ || !plan_->is_over(now))
    return std::nullopt;
  return end_of(phase_ == Phase::asked ? plan_->unanswered_at_deadline(not_answered_in_time())
                                       : plan_->at_deadline());
}

void AcquireOperation::end(const AcquireEnd& end) {
  if (std::exchange(phase_, Phase::ended) == Phase::ended)
    return;
  registration.reset();
  ended(end);
}

}  // namespace exclusive_lock
