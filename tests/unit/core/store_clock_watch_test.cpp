#include "core/store_clock_watch.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr Instant start{1h};
constexpr StoreTime epoch = 1'700'000'000s;  // any value

class StoreClockWatchTest : public ::testing::Test {
 protected:
  // The reply to a request that was sent at `sent` and carried out half a round trip later, when
  // the store's clock was off by `step`.
  auto reply(Milliseconds sent, Milliseconds round_trip, std::chrono::microseconds step = 0us) {
    return watch.observe(start + sent, start + sent + round_trip,
                         epoch + sent + round_trip / 2 + step);
  }
  StoreClockWatch watch;
};

TEST_F(StoreClockWatchTest, OffsetsNeverMatter) {
  EXPECT_FALSE(reply(0ms, 2ms));
  EXPECT_FALSE(reply(10ms, 2ms));
}

TEST_F(StoreClockWatchTest, SlowRepliesAreNoStep) {
  EXPECT_FALSE(reply(0ms, 1ms));
  EXPECT_FALSE(reply(10ms, 900ms));
  EXPECT_FALSE(reply(1000ms, 1ms));
}

TEST_F(StoreClockWatchTest, StepForwardIsReportedWithItsBounds) {
  EXPECT_FALSE(reply(0ms, 2ms));
  const auto step = reply(10ms, 2ms, 1h);
  ASSERT_TRUE(step);
  EXPECT_LE(step->least, 1h);
  EXPECT_GE(step->most, 1h);
  EXPECT_LE(step->most - step->least, 4ms);
}

TEST_F(StoreClockWatchTest, StepBackIsNegative) {
  EXPECT_FALSE(reply(0ms, 2ms));
  const auto step = reply(10ms, 2ms, -1h);
  ASSERT_TRUE(step);
  EXPECT_LE(step->most, -1h + 4ms);
}

TEST_F(StoreClockWatchTest, StepIsReportedOnce) {
  EXPECT_FALSE(reply(0ms, 2ms));
  EXPECT_TRUE(reply(10ms, 2ms, 1s));
  EXPECT_FALSE(reply(20ms, 2ms, 1s));
}

TEST_F(StoreClockWatchTest, RatesThatDifferByLessThanTheAssumedDriftAreNoStep) {
  for (Milliseconds sent = 0ms; sent < 10min; sent += 1s) {
    ASSERT_FALSE(reply(sent, 1ms, sent * 9 / 1000)) << sent.count();
  }
}

// Each rate lasts for a minute. At most the first reply reports a step; from then on the drift
// covers the rate. A rate within the usual drift causes neither.
TEST_F(StoreClockWatchTest, RatesAreCoveredFromTheSecondReplyOn) {
  for (const std::int64_t ppm : {0, 5'000, -5'000, 10'000, -10'000, 83'333, -83'333, 100'000}) {
    watch = {};
    int steps = 0;
    for (Milliseconds sent = 0ms; sent < 1min; sent += 1s) {
      SCOPED_TRACE(std::to_string(ppm) + " ppm, " + std::to_string(sent.count()) + " ms");
      const auto gained = std::chrono::microseconds(sent) * ppm / 1'000'000;
      steps += reply(sent, 1ms + sent % 7, gained) ? 1 : 0;
      if (sent > 0ms) {
        ASSERT_GE(watch.drift().ppm, ppm);
        ASSERT_LE(watch.drift().ppm, std::max<std::int64_t>(ppm, 0) * 11 / 10 + 20'000);
      }
      if (ppm <= 10'000) {
        ASSERT_EQ(watch.drift(), usual_drift);
      }
    }
    EXPECT_LE(steps, std::abs(ppm) <= 10'000 ? 0 : 1) << ppm;
  }
}

TEST_F(StoreClockWatchTest, SlewIsForgottenSomeSecondsAfterItsEnd) {
  const auto gained = [](Milliseconds at) {
    return std::chrono::microseconds(std::min<Milliseconds>(at, 20s)) / 12;
  };
  for (Milliseconds sent = 0ms; sent < 60s; sent += 300ms) {
    const bool is_step = reply(sent, 1ms, gained(sent)).has_value();
    EXPECT_TRUE(!is_step || sent < 1s) << sent.count();
    if (sent >= 1s && sent <= 22s) {
      EXPECT_GE(watch.drift().ppm, 83'333) << sent.count();
    }
    if (sent > 46s) {
      EXPECT_EQ(watch.drift(), usual_drift) << sent.count();
    }
  }
}

// A slow reply proves neither a rate nor the end of a slew.
TEST_F(StoreClockWatchTest, SlowRepliesDoNotHideASlew) {
  for (Milliseconds sent = 0ms; sent < 20s; sent += 500ms) {
    const bool is_slow = sent > 5s && sent % 2000ms != 0ms;
    static_cast<void>(reply(sent, is_slow ? 400ms : 1ms, std::chrono::microseconds(sent) / 12));
    if (sent > 1s) {
      EXPECT_GE(watch.drift().ppm, 83'333) << sent.count();
    }
  }
}

TEST_F(StoreClockWatchTest, StepThatNoSlewExplainsIsNoRate) {
  for (Milliseconds sent = 0ms; sent < 20s; sent += 1s) {
    EXPECT_EQ(reply(sent, 1ms, sent < 10s ? 0s : 1s).has_value(), sent == 10s);
    EXPECT_EQ(watch.drift(), usual_drift) << sent.count();
  }
}

// It may be a step or a slew, so it counts as both for a while.
TEST_F(StoreClockWatchTest, SmallStepIsCountedAsASlewForSomeSeconds) {
  for (Milliseconds sent = 0ms; sent < 60s; sent += 1s) {
    EXPECT_EQ(reply(sent, 1ms, sent < 10s ? 0ms : 60ms).has_value(), sent == 10s);
    if (sent < 10s || sent >= 36s) {
      EXPECT_EQ(watch.drift(), usual_drift) << sent.count();
    } else if (sent <= 15s) {
      EXPECT_GT(watch.drift(), usual_drift) << sent.count();
    }
  }
}

TEST_F(StoreClockWatchTest, WhoAsksRarelySeesASlewToo) {
  for (Milliseconds sent = 0ms; sent < 10min; sent += 1min) {
    static_cast<void>(reply(sent, 1ms, std::chrono::microseconds(sent) / 12));
  }
  EXPECT_GE(watch.drift().ppm, 83'333);
}

// Found by the simulation, seed 18989: a process that was paused handles an old reply.
TEST_F(StoreClockWatchTest, DriftSinceAReplyThatLayAboutIsNoStep) {
  const auto drifted = [](Milliseconds at) { return epoch + at + at * 9 / 1000; };
  EXPECT_FALSE(watch.observe(start, start + 1000ms, drifted(1ms)));
  EXPECT_FALSE(watch.observe(start + 1000ms, start + 1002ms, drifted(1001ms)));
}

TEST_F(StoreClockWatchTest, ReplyThatWasOvertakenIsNoStep) {
  EXPECT_FALSE(reply(100ms, 1ms));
  EXPECT_FALSE(reply(0ms, 50ms));
  EXPECT_FALSE(reply(101ms, 1ms));
}

// It would replace a newer reply, and the next one would be a step again.
TEST_F(StoreClockWatchTest, ReplyThatWasOvertakenByAStepIsNotLookedAt) {
  EXPECT_FALSE(reply(0ms, 1ms));
  EXPECT_TRUE(reply(100ms, 1ms, 1h));
  EXPECT_FALSE(reply(50ms, 1ms)) << "of before the step";
  EXPECT_FALSE(reply(101ms, 1ms, 1h)) << "reported already";
}

}  // namespace
}  // namespace exclusive_lock
