#include "core/pace.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr double nearly_one = 0.999999;

TEST(WaitingPause, LiesInTheSecondHalfOfTheLongest) {
  EXPECT_EQ(waiting_pause(std::nullopt, 100ms, 0.0), 50ms);
  EXPECT_EQ(waiting_pause(std::nullopt, 100ms, nearly_one), 99ms);
}

TEST(WaitingPause, AimsJustBehindTheExpiryWhereThatComesSooner) {
  EXPECT_EQ(waiting_pause(10ms, 100ms, 0.0), 11ms);
  EXPECT_EQ(waiting_pause(10ms, 100ms, nearly_one), 15ms);
  EXPECT_EQ(waiting_pause(2000ms, 100ms, 0.0), 50ms);
}

TEST(WaitingPause, NeverIsNothing) {
  EXPECT_GE(waiting_pause(0ms, 100ms, 0.0), 1ms);
  EXPECT_GE(waiting_pause(-5ms, 100ms, 0.0), 1ms);
}

TEST(BackoffPause, DoublesUpToTheLongest) {
  EXPECT_EQ(backoff_pause(1, 20ms, 1000ms, 1.0), 20ms);
  EXPECT_EQ(backoff_pause(2, 20ms, 1000ms, 1.0), 40ms);
  EXPECT_EQ(backoff_pause(7, 20ms, 1000ms, 1.0), 1000ms);
}

RC_GTEST_PROP(BackoffPause, IsAtLeastHalfOfTheFullPauseAndNeverMoreThanTheLongest, ()) {
  const int failures = *rc::gen::inRange(0, 1'000'000);
  const double unit = *rc::gen::inRange(0, 1000) / 1000.0;
  const Milliseconds pause = backoff_pause(failures, 20ms, 1000ms, unit);
  RC_ASSERT(pause >= 10ms);
  RC_ASSERT(pause <= 1000ms);
}

}  // namespace
}  // namespace exclusive_lock
