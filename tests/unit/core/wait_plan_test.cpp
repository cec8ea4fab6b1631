#include "core/wait_plan.hpp"

#include <gtest/gtest.h>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1h};
constexpr double low = 0.0;

AcquireAnswer failure(errc code) {
  return StoreFailure{.code = code, .message = "trouble", .may_have_run = false};
}

TEST(WaitPlan, HoldingTheLockIsTheEnd) {
  WaitPlan plan(start, 100ms);
  EXPECT_TRUE(std::holds_alternative<WaitPlan::Succeeded>(plan.after(Acquired{}, start + 1h, low)));
  EXPECT_TRUE(std::holds_alternative<WaitPlan::Succeeded>(plan.after(AlreadyHeld{}, start, low)));
}

TEST(WaitPlan, BusyIsTriedAgainAfterAPause) {
  WaitPlan plan(start + 1s, 100ms);
  EXPECT_EQ(std::get<WaitPlan::TryAt>(plan.after(Busy{}, start, low)).at, start + 50ms);
}

TEST(WaitPlan, TheLastTryIsAtTheDeadline) {
  WaitPlan plan(start + 20ms, 100ms);
  EXPECT_EQ(std::get<WaitPlan::TryAt>(plan.after(Busy{}, start, low)).at, start + 20ms);
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TimedOut>(plan.after(Busy{}, start + 20ms, low)));
}

TEST(WaitPlan, NoPatienceIsOneTry) {
  WaitPlan plan(start, 100ms);
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TimedOut>(plan.after(Busy{}, start, low)));
}

TEST(WaitPlan, WithoutADeadlineItNeverTimesOut) {
  WaitPlan plan(std::nullopt, 100ms);
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TryAt>(plan.after(Busy{}, start + 24h * 365, low)));
}

TEST(WaitPlan, AnotherThreadOfTheObjectIsWaitedFor) {
  WaitPlan plan(start + 1s, 100ms);
  EXPECT_EQ(std::get<WaitPlan::TryWhenIdle>(plan.after(BusyHere{}, start, low)).at, start + 1s);
  EXPECT_TRUE(std::holds_alternative<WaitPlan::TimedOut>(plan.after(BusyHere{}, start + 1s, low)));
  EXPECT_FALSE(
      std::get<WaitPlan::TryWhenIdle>(WaitPlan(std::nullopt, 100ms).after(BusyHere{}, start, low))
          .at);
}

TEST(WaitPlan, PassingTroubleIsWaitedOutWithBackoff) {
  WaitPlan plan(start + 10s, 100ms);
  const auto pause = [&](const AcquireAnswer& answer) {
    return std::get<WaitPlan::TryAt>(plan.after(answer, start, low)).at - start;
  };
  EXPECT_EQ(pause(failure(errc::store_unavailable)), 10ms);
  EXPECT_EQ(pause(failure(errc::store_loading)), 20ms);
  EXPECT_EQ(pause(failure(errc::outcome_unknown)), 40ms);
  EXPECT_EQ(pause(Busy{}), 50ms);  // an answer: the backoff starts over
  EXPECT_EQ(pause(failure(errc::store_busy)), 10ms);
}

TEST(WaitPlan, PassingTroubleThatLastsToTheDeadlineIsReported) {
  WaitPlan plan(start + 10s, 100ms);
  const auto end = plan.after(failure(errc::store_unavailable), start + 10s, low);
  EXPECT_EQ(std::get<WaitPlan::Failed>(end).failure.code, errc::store_unavailable);
}

TEST(WaitPlan, LastingTroubleIsReportedAtOnce) {
  for (const errc code :
       {errc::wrong_password, errc::authentication_required, errc::permission_denied,
        errc::wrong_type, errc::unsuitable_store, errc::store_corrupt, errc::store_full,
        errc::store_out_of_memory, errc::store_read_only, errc::store_not_persisting,
        errc::protocol_error, errc::connection_closed}) {
    WaitPlan plan(start + 10s, 100ms);
    EXPECT_TRUE(std::holds_alternative<WaitPlan::Failed>(plan.after(failure(code), start, low)));
  }
}

}  // namespace
}  // namespace exclusive_lock
