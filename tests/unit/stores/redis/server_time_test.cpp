#include "stores/redis/server_time.hpp"

#include <gtest/gtest.h>

namespace exclusive_lock::redis {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr Instant boot{1000s};
constexpr StoreTime epoch = 1'700'000'000s;  // the server's time at `boot`

// The server's clock when ours says `at`, with the two in step.
StoreTime server_at(Instant at) {
  return epoch + std::chrono::duration_cast<microseconds>(at - boot);
}

TEST(ServerTime, KnowsNothingAtFirst) { EXPECT_EQ(ServerTime().latest_us(boot), 0); }

TEST(ServerTime, IsNeverEarlierThanTheServersClock) {
  ServerTime time;
  // Sent at 0, read by the server at 30 ms, back at 40 ms.
  time.observe(boot, boot + 40ms, server_at(boot + 30ms));
  const Instant not_after = boot + 5s;
  EXPECT_GE(time.latest_us(not_after), server_at(not_after).count());
  EXPECT_LE(time.latest_us(not_after), (server_at(not_after) + 30ms + 50ms).count());
}

TEST(ServerTime, TheShorterTripTells) {
  ServerTime time;
  time.observe(boot, boot + 500ms, server_at(boot + 400ms));
  time.observe(boot + 1s, boot + 1s + 2ms, server_at(boot + 1s + 1ms));
  const std::int64_t sharp = time.latest_us(boot + 1s + 2ms);
  EXPECT_LE(sharp, (server_at(boot + 1s + 2ms) + 2ms).count());
  // A slow reply after it takes nothing away.
  time.observe(boot + 1s + 10ms, boot + 2s, server_at(boot + 1s + 900ms));
  EXPECT_EQ(time.latest_us(boot + 1s + 2ms), sharp);
}

TEST(ServerTime, WidensWithTheDrift) {
  ServerTime time;
  time.observe(boot, boot, server_at(boot));
  const std::int64_t after_100_s = time.latest_us(boot + 100s);
  EXPECT_GE(after_100_s, (server_at(boot + 100s) + 1s).count());
  EXPECT_LE(after_100_s, (server_at(boot + 100s) + 1s + 10us).count());
}

TEST(ServerTime, ClockSetForwardIsFollowedAtOnce) {
  ServerTime time;
  time.observe(boot, boot + 1ms, server_at(boot));
  time.observe(boot + 1s, boot + 1s + 1ms, server_at(boot + 1s) + 1h);
  EXPECT_GE(time.latest_us(boot + 2s), (server_at(boot + 2s) + 1h).count());
}

TEST(ServerTime, ClockSetBackIsFollowedToo) {
  ServerTime time;
  time.observe(boot, boot + 1ms, server_at(boot));
  time.observe(boot + 1s, boot + 1s + 1ms, server_at(boot + 1s) - 1h);
  EXPECT_LE(time.latest_us(boot + 2s), (server_at(boot + 2s) - 1h + 100ms).count());
}

TEST(ServerTime, ForgetsAnotherServersClock) {
  ServerTime time;
  time.observe(boot, boot, server_at(boot));
  time.forget();
  EXPECT_EQ(time.latest_us(boot), 0);
}

TEST(ServerTime, ClockBeforeItsEpochIsALimitAllTheSame) {
  ServerTime time;
  time.observe(boot, boot, StoreTime(0));
  EXPECT_EQ(time.latest_us(boot - 100s), 1);  // 0 would mean: no limit
}

}  // namespace
}  // namespace exclusive_lock::redis
