// What goes wrong while somebody waits in the embedded store (decisions/0008): the dead and the
// frozen, reboots, clocks, fork(). Sockets and older files are in local_socket_test.cpp, full disks
// in local_full_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>

#include "live/job_key.hpp"
#include "live/local_pushes.hpp"
#include "live/local_queue_fixture.hpp"
#include "live/local_requester.hpp"
#include "live/local_worker_process.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

class LocalQueueCrash : public LocalQueueFixture {};
using LocalQueueProcesses = LocalQueueCrash;

TEST_F(LocalQueueProcesses, KilledWaiterIsSkippedAtOnce) {
  LocalRequester holder(directory_.path());
  LocalRequester other(directory_.path());
  const LocalWish held;
  ASSERT_EQ(holder.attempt(held).outcome, AttemptReplyStatus::granted);
  LocalWorker killed(directory_.path(), {"wait", key});
  ASSERT_EQ(killed.line(), "waiting 1");
  const LocalWish second = patient();
  ASSERT_EQ(other.attempt(second).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(sockets().size(), 1U) << "of the one that listens";
  killed.kill();
  killed.wait();
  EXPECT_EQ(holder.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(holder.refresh(second), RefreshReplyStatus::refreshed)
      << "long before its time is over";
  EXPECT_TRUE(sockets().empty()) << "its socket was taken away with its entry";
  expect_nobody_waits();
}

TEST_F(LocalQueueProcesses, KilledHolderIsFollowedByAHeartbeat) {
  LocalRequester other(directory_.path());
  LocalWorker holder(directory_.path(), {"hold", key});
  ASSERT_THAT(holder.line(), StartsWith("fence "));
  const LocalWish first = patient();
  const LocalWish second = patient();
  const LocalPushes pushes(other.store());
  ASSERT_EQ(other.attempt(first).outcome, AttemptReplyStatus::waiting);
  ASSERT_EQ(other.attempt(second).outcome, AttemptReplyStatus::waiting);
  holder.kill();
  holder.wait();
  EXPECT_EQ(other.heartbeat(second).outcome, HeartbeatReplyStatus::waiting)
      << "it advances for the first";
  EXPECT_TRUE(pushes.of(first.owner));
  EXPECT_EQ(other.heartbeat(first).outcome, HeartbeatReplyStatus::granted);
}

// The one that was handed the lock dies before it took it up.
TEST_F(LocalQueueProcesses, KilledBetweenGrantAndHeartbeatIsFollowedAtOnce) {
  LocalRequester other(directory_.path());
  const LocalWish held;
  ASSERT_EQ(other.attempt(held).outcome, AttemptReplyStatus::granted);
  LocalWorker killed(directory_.path(), {"wait", key});
  ASSERT_EQ(killed.line(), "waiting 1");
  const LocalWish second = patient();
  ASSERT_EQ(other.attempt(second).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(other.release(held), ReleaseReplyStatus::released);
  EXPECT_THAT(killed.line(), StartsWith("pushed "));
  EXPECT_EQ(other.heartbeat(second).outcome, HeartbeatReplyStatus::waiting);
  killed.kill();
  killed.wait();
  EXPECT_EQ(other.heartbeat(second).outcome, HeartbeatReplyStatus::granted);
  EXPECT_TRUE(sockets().empty());
}

TEST_F(LocalQueueProcesses, NothingIsLeftOfADeadQueueOnceSomebodyAcquires) {
  {
    LocalWorker holder(directory_.path(), {"hold", key});
    ASSERT_THAT(holder.line(), StartsWith("fence "));
    LocalWorker first(directory_.path(), {"wait", key});
    ASSERT_EQ(first.line(), "waiting 1");
    LocalWorker second(directory_.path(), {"wait", key});
    ASSERT_EQ(second.line(), "waiting 2");
    EXPECT_EQ(sockets().size(), 2U);
  }  // all killed
  LocalRequester other(directory_.path());
  EXPECT_TRUE(sockets().empty()) << "opening a store looks for them";
  EXPECT_EQ(number("SELECT count(*) FROM waiter"), 2);
  // Housekeeping goes by the wall clock; the requester's is in the past, so the row is due.
  EXPECT_EQ(requester_.attempt({.key = "any other"}).outcome, AttemptReplyStatus::granted);
  expect_nobody_waits();
}

TEST_F(LocalQueueProcesses, ForkedChildDoesNotDisturbTheParentsWaiting) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  LocalPushes pushes(requester_.store());
  const LocalWish wish = patient();
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::waiting);
  ASSERT_TRUE(requester_.store().pushes_grants());
  EXPECT_EQ(run_in_child([&] {
              EXPECT_FALSE(requester_.store().pushes_grants());
              const auto answer = requester_.heartbeat_now(wish);
              ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
              EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::connection_closed);
              requester_.store().close();
              requester_.forget();
            }),
            0);
  EXPECT_EQ(sockets().size(), 1U);
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_TRUE(pushes.of(wish.owner));
}

TEST_F(LocalQueueCrash, ExpiredRecordIsHandedOverByAHeartbeat) {
  const LocalWish held{.ttl = 3000ms};
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  const LocalWish first = patient();
  const LocalWish second = patient();
  ASSERT_EQ(requester_.attempt(first).outcome, AttemptReplyStatus::waiting);
  ASSERT_EQ(requester_.attempt(second).outcome, AttemptReplyStatus::waiting);
  clock_.pass(3000ms - 1ns);
  EXPECT_EQ(requester_.heartbeat(first).outcome, HeartbeatReplyStatus::waiting);
  EXPECT_EQ(requester_.heartbeat(first).remaining_ttl, 1ms);
  clock_.pass(1ns);
  EXPECT_FALSE(requester_.inspect(key)) << "looks do not advance";
  EXPECT_EQ(requester_.refresh(held), RefreshReplyStatus::lost);
  EXPECT_EQ(requester_.heartbeat(first).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(requester_.heartbeat(second).position, 1U);
}

TEST_F(LocalQueueCrash, FrozenWaiterIsSkippedWhenItsTimeIsOver) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  const LocalWish frozen = patient({.alive_for = 1000ms, .confirm_ttl = 1000ms});
  const LocalWish beating = patient({.alive_for = 1000ms, .confirm_ttl = 1000ms});
  ASSERT_EQ(requester_.attempt(frozen).outcome, AttemptReplyStatus::waiting);
  ASSERT_EQ(requester_.attempt(beating).outcome, AttemptReplyStatus::waiting);
  clock_.pass(999ms);
  ASSERT_EQ(requester_.heartbeat(beating).outcome, HeartbeatReplyStatus::waiting);
  clock_.pass(1ms);
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.heartbeat(frozen).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(requester_.heartbeat(beating).outcome, HeartbeatReplyStatus::granted);
}

TEST_F(LocalQueueCrash, HandOverThatNobodyTakesUpCostsConfirmTtl) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  const LocalWish frozen = patient({.alive_for = 900ms, .confirm_ttl = 700ms});
  const LocalWish next = patient();
  ASSERT_EQ(requester_.attempt(frozen).outcome, AttemptReplyStatus::waiting);
  ASSERT_EQ(requester_.attempt(next).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.heartbeat(next).remaining_ttl, 700ms);
  clock_.pass(700ms - 1ns);
  EXPECT_EQ(requester_.heartbeat(next).outcome, HeartbeatReplyStatus::waiting);
  clock_.pass(1ns);
  EXPECT_EQ(requester_.heartbeat(next).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(requester_.heartbeat(frozen).outcome, HeartbeatReplyStatus::gone);
}

TEST_F(LocalQueueCrash, OneCallTakesAwaySixteenDeadOnes) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  {
    LocalRequester dead(directory_.path(), clock_.machine());
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(dead.attempt(patient()).outcome, AttemptReplyStatus::waiting);
    }
  }
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(number("SELECT waiting FROM lock"), 4);
  EXPECT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted)
      << "the next call finds nobody";
  expect_nobody_waits();
}

TEST_F(LocalQueueCrash, DeadOnesDoNotKeepAQueueFull) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  LocalWish wish = patient();
  wish.wait_options->max_waiting = 3;
  {
    LocalRequester dead(directory_.path(), clock_.machine());
    for (int i = 0; i < 3; ++i) {
      wish.owner = new_local_owner();
      ASSERT_EQ(dead.attempt(wish).outcome, AttemptReplyStatus::waiting);
    }
    wish.owner = new_local_owner();
    EXPECT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::queue_full);
  }
  const AttemptReply reply = requester_.attempt(wish);
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(reply.position, 1U);
}

TEST_F(LocalQueueCrash, RebootEmptiesTheQueue) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  const LocalWish wish = patient();
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::waiting);
  LocalRequester after(directory_.path(), clock_.machine(2));
  EXPECT_EQ(after.heartbeat(wish).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(after.attempt({}).outcome, AttemptReplyStatus::granted);
  expect_nobody_waits();
}

TEST_F(LocalQueueCrash, EntryOfAnotherBootIsNoEntry) {
  ASSERT_EQ(requester_.attempt({.ttl = 1000ms, .detached = true}).outcome,
            AttemptReplyStatus::granted);
  const LocalWish wish = patient();
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::waiting);
  LocalRequester after(directory_.path(), clock_.machine(2));
  Database(folder_of(directory_.path()) / "locks.db")
      .execute("UPDATE lock SET boot = zeroblob(16)");
  LocalRequester zero_boot(directory_.path(), clock_.machine(0));
  ASSERT_TRUE(zero_boot.inspect(key)) << "the record lives, the entry does not";
  EXPECT_EQ(zero_boot.heartbeat(wish).outcome, HeartbeatReplyStatus::gone);
  expect_nobody_waits();
}

TEST_F(LocalQueueCrash, WallClockThatWasSetBackKeepsTheOrder) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(requester_.attempt(patient()).position, 1U);
  clock_.wall_us_ -= 3'600'000'000;
  EXPECT_EQ(requester_.attempt(patient()).position, 2U);
  LocalWish late = patient();
  late.wait_options->arrived_at = StoreTime::max();
  EXPECT_EQ(requester_.attempt(late).position, 3U);
  EXPECT_EQ(requester_.attempt(patient()).position, 4U);
}

// Somebody has planted a fence that cannot grow. Each is told when it asks, and release works.
TEST_F(LocalQueueCrash, FenceThatCannotGrowIsToldToWhoeverWaits) {
  const LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  LocalWish wish = patient();
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::waiting);
  Database(folder_of(directory_.path()) / "locks.db").execute("UPDATE lock SET fence = 1 << 60");
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.heartbeat(wish).outcome, HeartbeatReplyStatus::gone);
  ++wish.owner.ticket;
  const auto answer = requester_.attempt_now(wish);
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
  EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::wrong_type);
}

TEST_F(LocalQueueCrash, FewerThanNobodyIsNobody) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  Database(folder_of(directory_.path()) / "locks.db").execute("UPDATE lock SET waiting = -1");
  EXPECT_EQ(requester_.inspect(key).value().waiting, 0U);
  EXPECT_EQ(requester_.attempt(patient()).position, 1U);
}

TEST_F(LocalQueueCrash, HousekeepingHandsOverWhatNobodyAsksFor) {
  const LocalWish held{.ttl = 1000ms};
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  const LocalPushes pushes(requester_.store());
  const LocalWish wish = patient();
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::waiting);
  clock_.pass(6s);
  ASSERT_EQ(requester_.attempt({.key = "any other"}).outcome, AttemptReplyStatus::granted);
  EXPECT_TRUE(pushes.of(wish.owner));
}

TEST_F(LocalQueueCrash, HousekeepingKeepsLiveWaiters) {
  ASSERT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
  const LocalWish wish = patient();
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::waiting);
  for (int i = 0; i < 20; ++i) {
    clock_.pass(6s);
    ASSERT_EQ(requester_.attempt({.key = "any other " + std::to_string(i)}).outcome,
              AttemptReplyStatus::granted);
  }
  EXPECT_EQ(requester_.heartbeat(wish).outcome, HeartbeatReplyStatus::waiting);
}

}  // namespace
}  // namespace exclusive_lock::live
