// Arrivals that nobody can have, and rows of those that wait in which somebody has written what no
// program of ours writes: such an entry counts as dead, whoever meets it.

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "live/job_key.hpp"
#include "live/local_pushes.hpp"
#include "live/local_queue_fixture.hpp"
#include "live/local_requester.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

class LocalQueueDamage : public LocalQueueFixture {};

// The sanitizers see an overflow, too.
TEST_F(LocalQueueDamage, NobodyIsBehindTheEndOfTimeNorBeforeIt) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(requester_.attempt(patient()).position, 1U);
  for (const std::string arrived_us : {"9223372036854775807", "9007199254740992", "-1"}) {
    Database(folder_of(directory_.path()) / "locks.db")
        .execute("UPDATE waiter SET arrived_us = " + arrived_us);
    const AttemptReply reply = requester_.attempt(patient());
    EXPECT_EQ(reply.arrived_at, StoreTime(clock_.wall_us_.load())) << arrived_us;
  }
}

// Its arrival would be handed on to all that come behind it.
TEST_F(LocalQueueDamage, ArrivalInTheFutureIsNotBelieved) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  const StoreTime now(clock_.wall_us_.load());
  LocalWish early = patient();
  early.wait_options->arrived_at = now + 1h;
  EXPECT_EQ(requester_.attempt(early).arrived_at, now);
  EXPECT_EQ(requester_.attempt(patient()).arrived_at, now + 1us);
  LocalWish before_all = patient();
  for (const StoreTime none : {StoreTime(0), StoreTime(-1), StoreTime::min()}) {
    before_all.owner = new_local_owner();
    before_all.wait_options->arrived_at = none;
    EXPECT_GT(requester_.attempt(before_all).arrived_at, now + 1us) << none.count();
  }
}

TEST_F(LocalQueueDamage, LatestArrivalIsSharedAndNotExceeded) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(requester_.attempt(patient()).position, 1U);
  Database(folder_of(directory_.path()) / "locks.db")
      .execute("UPDATE waiter SET arrived_us = 9007199254740991");
  EXPECT_EQ(requester_.attempt(patient()).arrived_at, last_arrival);
  EXPECT_EQ(requester_.inspect(key)->waiters.size(), 2U);
}

// A clock of before 1970 is no time to have arrived at, but people wait there too.
TEST_F(LocalQueueDamage, ClockBefore1970KeepsTheOrder) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  clock_.wall_us_ = -1;
  const LocalWish first = patient();
  EXPECT_EQ(requester_.attempt(first).arrived_at, StoreTime(0));
  EXPECT_EQ(requester_.attempt(patient()).arrived_at, StoreTime(1));
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.heartbeat(first).outcome, HeartbeatReplyStatus::granted);
}

// Whatever number stands in a row, a release neither fails nor hands over to nobody.
TEST_F(LocalQueueDamage, DamagedEntryCountsAsDead) {
  for (const std::string damage :
       {"confirm_ttl_ms = 0", "confirm_ttl_ms = -1", "confirm_ttl_ms = 9223372036854775807",
        "confirm_ttl_ms = 604800001", "floor = -1", "floor = 9007199254740991",
        "floor = 9223372036854775807", "arrived_us = -1", "arrived_us = 9007199254740992",
        "arrived_us = -9223372036854775808", "alive_until_ns = 9223372036854775807",
        "alive_until_ns = -9223372036854775808", "owner = x''", "owner = zeroblob(17)",
        "boot = x''", "holder = 0", "holder = -1", "holder = 9223372036854775807"}) {
    for (const std::size_t pass_count : {0U, 1U}) {
      SCOPED_TRACE(damage + ", pass_count " + std::to_string(pass_count));
      LocalWish held;
      held.barging_limit = pass_count;
      ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
      const LocalWish damaged = patient();
      const LocalWish next = patient();
      ASSERT_EQ(requester_.attempt(damaged).outcome, AttemptReplyStatus::waiting);
      Database(folder_of(directory_.path()) / "locks.db").execute("UPDATE waiter SET " + damage);
      ASSERT_EQ(requester_.attempt(next).outcome, AttemptReplyStatus::waiting);
      EXPECT_EQ(requester_.inspect(key)->waiting, 2U);
      EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
      EXPECT_EQ(requester_.heartbeat(damaged).outcome, HeartbeatReplyStatus::gone);
      EXPECT_EQ(requester_.heartbeat(next).outcome, HeartbeatReplyStatus::granted);
      EXPECT_EQ(requester_.release(next), ReleaseReplyStatus::released);
      expect_nobody_waits();
    }
  }
}

TEST_F(LocalQueueDamage, DamagedEntryIsNotWokenInPlaceOfTheNext) {
  const LocalPushes pushes(requester_.store());
  const LocalWish held{.barging_limit = 1};
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(requester_.attempt(patient()).outcome, AttemptReplyStatus::waiting);
  Database(folder_of(directory_.path()) / "locks.db")
      .execute("UPDATE waiter SET floor = 9007199254740991");
  const LocalWish next = patient();
  ASSERT_EQ(requester_.attempt(next).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_TRUE(pushes.of(next.owner));
}

TEST_F(LocalQueueDamage, DamagedEntryIsNoEntryAndIsNotShown) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  for (const std::string damage : {"confirm_ttl_ms = 0", "arrived_us = -1", "owner = x'00'"}) {
    const LocalWish damaged = patient();
    ASSERT_EQ(requester_.attempt(damaged).outcome, AttemptReplyStatus::waiting);
    Database(folder_of(directory_.path()) / "locks.db").execute("UPDATE waiter SET " + damage);
    EXPECT_EQ(requester_.inspect(key)->waiters.size(), damage.starts_with("confirm") ? 1U : 0U);
    EXPECT_EQ(requester_.heartbeat(damaged).outcome, HeartbeatReplyStatus::gone);
    Database(folder_of(directory_.path()) / "locks.db").execute("DELETE FROM waiter");
  }
}

TEST_F(LocalQueueDamage, EntryWithoutItsTailIsSkipped) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(requester_.attempt(patient()).outcome, AttemptReplyStatus::waiting);
  Database(folder_of(directory_.path()) / "locks.db").execute("DELETE FROM waiter_tail");
  const LocalWish next = patient();
  ASSERT_EQ(requester_.attempt(next).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.heartbeat(next).outcome, HeartbeatReplyStatus::granted);
}

TEST_F(LocalQueueDamage, DamagedEntryLeavesAFullQueue) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  LocalWish wish = patient();
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::waiting);
  Database(folder_of(directory_.path()) / "locks.db")
      .execute("UPDATE waiter SET confirm_ttl_ms = 0");
  wish.owner = new_local_owner();
  wish.wait_options->max_waiting = 1;
  EXPECT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::waiting);
}

}  // namespace
}  // namespace exclusive_lock::live
