#include "core/wait_plan.hpp"

#include <gtest/gtest.h>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr Instant asked_at{1h};
constexpr double low = 0.0;

AcquireAnswer failure(errc code) {
  return StoreFailure{.code = code, .message = "failure", .may_have_run = false};
}

TEST(WaitPlan, HoldingTheLockIsTheEnd) {
  WaitPlan plan(asked_at, 100ms);
  EXPECT_TRUE(
      std::holds_alternative<WaitPlan::Succeeded>(plan.after(Acquired{}, asked_at + 1h, low)));
  EXPECT_TRUE(
      std::holds_alternative<WaitPlan::Succeeded>(plan.after(AlreadyHeld{}, asked_at, low)));
}

TEST(WaitPlan, BusyIsTriedAgainAfterAPause) {
  WaitPlan plan(asked_at + 1s, 100ms);
  EXPECT_EQ(std::get<WaitPlan::TryAt>(plan.after(Busy{}, asked_at, low)).at, asked_at + 50ms);
}

TEST(WaitPlan, RequestThatWasTooLateAtTheDeadlineIsNoFailure) {
  const AcquireAnswer late =
      StoreFailure{.code = errc::store_unavailable, .message = "", .is_time_over = true};
  WaitPlan plan(asked_at + 1s, 100ms);
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TimedOut>(plan.after(late, asked_at + 1s, low)));
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TryAt>(plan.after(late, asked_at, low)));
}

TEST(WaitPlan, RequestCutOffByTheDeadlineIsAFailureOnlyWhereNoneWasAnswered) {
  const AcquireAnswer unanswered = failure(errc::outcome_unknown);
  WaitPlan plan(asked_at + 1s, 100ms);
  EXPECT_TRUE(std::holds_alternative<WaitPlan::Failed>(plan.after(unanswered, asked_at + 1s, low)));
  static_cast<void>(plan.after(Busy{}, asked_at, low));
  EXPECT_TRUE(
      std::holds_alternative<WaitPlan::TimedOut>(plan.after(unanswered, asked_at + 1s, low)));
  static_cast<void>(plan.after(unanswered, asked_at, low));
  EXPECT_TRUE(std::holds_alternative<WaitPlan::Failed>(plan.after(unanswered, asked_at + 1s, low)))
      << "the one before was not cut off";
}

TEST(WaitPlan, PausesBecomeShorterTowardsTheDeadline) {
  const Instant deadline = asked_at + 20ms;
  WaitPlan plan(deadline, 100ms);
  const auto next = [&](Instant now) {
    return std::get<WaitPlan::TryAt>(plan.after(Busy{}, now, low)).at;
  };
  EXPECT_EQ(next(asked_at), deadline - 10ms);
  EXPECT_EQ(next(deadline - 10ms), deadline - 5ms);
  EXPECT_EQ(next(deadline - 3ms), deadline - 1500us);
  EXPECT_EQ(next(deadline - 2ms), deadline) << "to end there, without another try";
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TimedOut>(plan.after(Busy{}, deadline, low)));
}

TEST(WaitPlan, AtTheDeadlineTheLastAnswerCounts) {
  WaitPlan plan(asked_at + 1s, 100ms);
  EXPECT_FALSE(plan.is_over(asked_at));
  EXPECT_TRUE(plan.is_over(asked_at + 1s));
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TimedOut>(plan.at_deadline()));
  static_cast<void>(plan.after(failure(errc::store_loading), asked_at, low));
  EXPECT_EQ(std::get<WaitPlan::Failed>(plan.at_deadline()).failure.code, errc::store_loading);
  static_cast<void>(plan.after(Busy{}, asked_at, low));
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TimedOut>(plan.at_deadline()));
}

TEST(WaitPlan, WithoutTimeToWaitThereIsOneTry) {
  WaitPlan plan(asked_at, 100ms);
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TimedOut>(plan.after(Busy{}, asked_at, low)));
}

TEST(WaitPlan, WithoutADeadlineItNeverTimesOut) {
  WaitPlan plan(std::nullopt, 100ms);
  EXPECT_TRUE(
      std::holds_alternative<WaitPlan::TryAt>(plan.after(Busy{}, asked_at + 24h * 365, low)));
}

TEST(WaitPlan, AnotherThreadOfTheObjectIsWaitedFor) {
  WaitPlan plan(asked_at + 1s, 100ms);
  EXPECT_EQ(std::get<WaitPlan::TryWhenIdle>(plan.after(BusyHere{}, asked_at, low)).at,
            asked_at + 1s);
  EXPECT_TRUE(
      std::holds_alternative<WaitPlan::TimedOut>(plan.after(BusyHere{}, asked_at + 1s, low)));
  EXPECT_FALSE(std::get<WaitPlan::TryWhenIdle>(
                   WaitPlan(std::nullopt, 100ms).after(BusyHere{}, asked_at, low))
                   .at);
}

TEST(WaitPlan, PassingFailureIsWaitedOutWithBackoff) {
  WaitPlan plan(asked_at + 10s, 100ms);
  const auto pause = [&](const AcquireAnswer& answer) {
    return std::get<WaitPlan::TryAt>(plan.after(answer, asked_at, low)).at - asked_at;
  };
  EXPECT_EQ(pause(failure(errc::store_unavailable)), 10ms);
  EXPECT_EQ(pause(failure(errc::store_loading)), 20ms);
  EXPECT_EQ(pause(failure(errc::outcome_unknown)), 40ms);
  EXPECT_EQ(pause(Busy{}), 50ms);  // an answer resets the backoff
  EXPECT_EQ(pause(failure(errc::store_busy)), 10ms);
  EXPECT_EQ(pause(failure(errc::too_many_clients)), 20ms);
  EXPECT_EQ(pause(failure(errc::store_failed_over)), 40ms);
}

TEST(WaitPlan, PassingFailureThatLastsToTheDeadlineIsReported) {
  WaitPlan plan(asked_at + 10s, 100ms);
  const auto end = plan.after(failure(errc::store_unavailable), asked_at + 10s, low);
  EXPECT_EQ(std::get<WaitPlan::Failed>(end).failure.code, errc::store_unavailable);
}

TEST(WaitPlan, LastingFailureIsReportedAtOnce) {
  for (const errc code :
       {errc::wrong_password, errc::authentication_required, errc::permission_denied,
        errc::wrong_type, errc::unsuitable_store, errc::store_corrupt, errc::store_full,
        errc::store_out_of_memory, errc::store_read_only, errc::store_not_persisting,
        errc::protocol_error, errc::connection_closed}) {
    WaitPlan plan(asked_at + 10s, 100ms);
    EXPECT_TRUE(std::holds_alternative<WaitPlan::Failed>(plan.after(failure(code), asked_at, low)));
  }
}

}  // namespace
}  // namespace exclusive_lock
