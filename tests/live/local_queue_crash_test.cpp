// What goes wrong while somebody waits in the embedded store (decisions/0008): the dead and the
// frozen, reboots, clocks, fork(). Sockets and older files are in local_socket_test.cpp, full disks
// in local_full_test.cpp.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <variant>

#include "live/job_key.hpp"
#include "live/local_asker.hpp"
#include "live/local_pushes.hpp"
#include "live/local_queue_fixture.hpp"
#include "live/local_worker_process.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

class LocalQueueCrash : public LocalQueueFixture {};
using LocalQueueProcesses = LocalQueueCrash;

TEST_F(LocalQueueProcesses, KilledWaiterIsSkippedAtOnce) {
  LocalAsker holder(directory_.path());
  LocalAsker other(directory_.path());
  const LocalWish held;
  ASSERT_EQ(holder.attempt(held).outcome, AttemptOutcome::granted);
  LocalWorker killed(directory_.path(), {"wait", key});
  ASSERT_EQ(killed.line(), "waiting 1");
  const LocalWish second = patient();
  ASSERT_EQ(other.attempt(second).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(sockets().size(), 1U) << "of the one that listens";
  killed.kill();
  killed.wait();
  EXPECT_EQ(holder.release(held), ReleaseVerdict::released);
  EXPECT_EQ(holder.refresh(second), RefreshVerdict::refreshed) << "long before its time is over";
  EXPECT_TRUE(sockets().empty()) << "its socket was taken away with its entry";
  expect_nobody_waits();
}

TEST_F(LocalQueueProcesses, KilledHolderIsFollowedByABeat) {
  LocalAsker other(directory_.path());
  LocalWorker holder(directory_.path(), {"hold", key});
  ASSERT_THAT(holder.line(), StartsWith("fence "));
  const LocalWish first = patient();
  const LocalWish second = patient();
  const LocalPushes pushes(other.store());
  ASSERT_EQ(other.attempt(first).outcome, AttemptOutcome::waiting);
  ASSERT_EQ(other.attempt(second).outcome, AttemptOutcome::waiting);
  holder.kill();
  holder.wait();
  EXPECT_EQ(other.beat(second).outcome, BeatOutcome::waiting) << "it advances for the first";
  EXPECT_TRUE(pushes.of(first.owner));
  EXPECT_EQ(other.beat(first).outcome, BeatOutcome::granted);
}

// The one that was handed the lock dies before it took it up.
TEST_F(LocalQueueProcesses, KilledBetweenGrantAndBeatIsFollowedAtOnce) {
  LocalAsker other(directory_.path());
  const LocalWish held;
  ASSERT_EQ(other.attempt(held).outcome, AttemptOutcome::granted);
  LocalWorker killed(directory_.path(), {"wait", key});
  ASSERT_EQ(killed.line(), "waiting 1");
  const LocalWish second = patient();
  ASSERT_EQ(other.attempt(second).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(other.release(held), ReleaseVerdict::released);
  EXPECT_THAT(killed.line(), StartsWith("pushed "));
  EXPECT_EQ(other.beat(second).outcome, BeatOutcome::waiting);
  killed.kill();
  killed.wait();
  EXPECT_EQ(other.beat(second).outcome, BeatOutcome::granted);
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
  LocalAsker other(directory_.path());
  EXPECT_TRUE(sockets().empty()) << "opening a store looks for them";
  EXPECT_EQ(number("SELECT count(*) FROM waiter"), 2);
  // Housekeeping goes by the wall clock; the asker's is in the past, so the row is due.
  EXPECT_EQ(asker_.attempt({.key = "any other"}).outcome, AttemptOutcome::granted);
  expect_nobody_waits();
}

TEST_F(LocalQueueProcesses, ForkedChildDoesNotDisturbTheParentsWaiting) {
  const LocalWish held;
  ASSERT_EQ(asker_.attempt(held).outcome, AttemptOutcome::granted);
  LocalPushes pushes(asker_.store());
  const LocalWish wish = patient();
  ASSERT_EQ(asker_.attempt(wish).outcome, AttemptOutcome::waiting);
  ASSERT_TRUE(asker_.store().pushes_grants());
  EXPECT_EQ(run_in_child([&] {
              EXPECT_FALSE(asker_.store().pushes_grants());
              const auto answer = asker_.beat_now(wish);
              ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
              EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::connection_closed);
              asker_.store().close();
              asker_.forget();
            }),
            0);
  EXPECT_EQ(sockets().size(), 1U);
  EXPECT_EQ(asker_.release(held), ReleaseVerdict::released);
  EXPECT_TRUE(pushes.of(wish.owner));
}

TEST_F(LocalQueueCrash, ExpiredRecordIsHandedOverByABeat) {
  const LocalWish held{.ttl = 3000ms};
  ASSERT_EQ(asker_.attempt(held).outcome, AttemptOutcome::granted);
  const LocalWish first = patient();
  const LocalWish second = patient();
  ASSERT_EQ(asker_.attempt(first).outcome, AttemptOutcome::waiting);
  ASSERT_EQ(asker_.attempt(second).outcome, AttemptOutcome::waiting);
  clock_.pass(3000ms - 1ns);
  EXPECT_EQ(asker_.beat(first).outcome, BeatOutcome::waiting);
  EXPECT_EQ(asker_.beat(first).remaining_ttl, 1ms);
  clock_.pass(1ns);
  EXPECT_FALSE(asker_.inspect(key)) << "looks do not advance";
  EXPECT_EQ(asker_.refresh(held), RefreshVerdict::lost);
  EXPECT_EQ(asker_.beat(first).outcome, BeatOutcome::granted);
  EXPECT_EQ(asker_.release(held), ReleaseVerdict::not_owner);
  EXPECT_EQ(asker_.beat(second).position, 1U);
}

TEST_F(LocalQueueCrash, FrozenWaiterIsSkippedWhenItsTimeIsOver) {
  const LocalWish held;
  ASSERT_EQ(asker_.attempt(held).outcome, AttemptOutcome::granted);
  const LocalWish frozen = patient({.alive_for = 1000ms, .confirm_ttl = 1000ms});
  const LocalWish beating = patient({.alive_for = 1000ms, .confirm_ttl = 1000ms});
  ASSERT_EQ(asker_.attempt(frozen).outcome, AttemptOutcome::waiting);
  ASSERT_EQ(asker_.attempt(beating).outcome, AttemptOutcome::waiting);
  clock_.pass(999ms);
  ASSERT_EQ(asker_.beat(beating).outcome, BeatOutcome::waiting);
  clock_.pass(1ms);
  EXPECT_EQ(asker_.release(held), ReleaseVerdict::released);
  EXPECT_EQ(asker_.beat(frozen).outcome, BeatOutcome::gone);
  EXPECT_EQ(asker_.beat(beating).outcome, BeatOutcome::granted);
}

TEST_F(LocalQueueCrash, HandOverThatNobodyTakesUpCostsConfirmTtl) {
  const LocalWish held;
  ASSERT_EQ(asker_.attempt(held).outcome, AttemptOutcome::granted);
  const LocalWish frozen = patient({.alive_for = 900ms, .confirm_ttl = 700ms});
  const LocalWish next = patient();
  ASSERT_EQ(asker_.attempt(frozen).outcome, AttemptOutcome::waiting);
  ASSERT_EQ(asker_.attempt(next).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(asker_.release(held), ReleaseVerdict::released);
  EXPECT_EQ(asker_.beat(next).remaining_ttl, 700ms);
  clock_.pass(700ms - 1ns);
  EXPECT_EQ(asker_.beat(next).outcome, BeatOutcome::waiting);
  clock_.pass(1ns);
  EXPECT_EQ(asker_.beat(next).outcome, BeatOutcome::granted);
  EXPECT_EQ(asker_.beat(frozen).outcome, BeatOutcome::gone);
}

TEST_F(LocalQueueCrash, OneCallTakesAwaySixteenDeadOnes) {
  const LocalWish held;
  ASSERT_EQ(asker_.attempt(held).outcome, AttemptOutcome::granted);
  {
    LocalAsker dead(directory_.path(), clock_.machine());
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(dead.attempt(patient()).outcome, AttemptOutcome::waiting);
    }
  }
  EXPECT_EQ(asker_.release(held), ReleaseVerdict::released);
  EXPECT_EQ(number("SELECT waiting FROM lock"), 4);
  EXPECT_EQ(asker_.attempt({}).outcome, AttemptOutcome::granted) << "the next call finds nobody";
  expect_nobody_waits();
}

TEST_F(LocalQueueCrash, DeadOnesDoNotKeepAQueueFull) {
  ASSERT_EQ(asker_.attempt({}).outcome, AttemptOutcome::granted);
  LocalWish wish = patient();
  wish.patience->most_waiting = 3;
  {
    LocalAsker dead(directory_.path(), clock_.machine());
    for (int i = 0; i < 3; ++i) {
      wish.owner = new_local_owner();
      ASSERT_EQ(dead.attempt(wish).outcome, AttemptOutcome::waiting);
    }
    wish.owner = new_local_owner();
    EXPECT_EQ(asker_.attempt(wish).outcome, AttemptOutcome::queue_full);
  }
  const AttemptReply reply = asker_.attempt(wish);
  EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
  EXPECT_EQ(reply.position, 1U);
}

TEST_F(LocalQueueCrash, RebootEmptiesTheQueue) {
  ASSERT_EQ(asker_.attempt({}).outcome, AttemptOutcome::granted);
  const LocalWish wish = patient();
  ASSERT_EQ(asker_.attempt(wish).outcome, AttemptOutcome::waiting);
  LocalAsker after(directory_.path(), clock_.machine(2));
  EXPECT_EQ(after.beat(wish).outcome, BeatOutcome::gone);
  EXPECT_EQ(after.attempt({}).outcome, AttemptOutcome::granted);
  expect_nobody_waits();
}

TEST_F(LocalQueueCrash, EntryOfAnotherBootIsNoEntry) {
  ASSERT_EQ(asker_.attempt({.ttl = 1000ms, .detached = true}).outcome, AttemptOutcome::granted);
  const LocalWish wish = patient();
  ASSERT_EQ(asker_.attempt(wish).outcome, AttemptOutcome::waiting);
  LocalAsker after(directory_.path(), clock_.machine(2));
  Database(folder_of(directory_.path()) / "locks.db")
      .execute("UPDATE lock SET boot = zeroblob(16)");
  LocalAsker zero_boot(directory_.path(), clock_.machine(0));
  ASSERT_TRUE(zero_boot.inspect(key)) << "the record lives, the entry does not";
  EXPECT_EQ(zero_boot.beat(wish).outcome, BeatOutcome::gone);
  expect_nobody_waits();
}

TEST_F(LocalQueueCrash, WallClockThatWasSetBackKeepsTheOrder) {
  ASSERT_EQ(asker_.attempt({}).outcome, AttemptOutcome::granted);
  ASSERT_EQ(asker_.attempt(patient()).position, 1U);
  clock_.wall_us_ -= 3'600'000'000;
  EXPECT_EQ(asker_.attempt(patient()).position, 2U);
  LocalWish late = patient();
  late.patience->arrived_at = StoreTime::max();
  EXPECT_EQ(asker_.attempt(late).position, 3U);
  EXPECT_EQ(asker_.attempt(patient()).position, 4U);
}

// Somebody has planted a fence that cannot grow. Each is told when it asks, and release works.
TEST_F(LocalQueueCrash, FenceThatCannotGrowIsToldToWhoeverWaits) {
  const LocalWish held;
  ASSERT_EQ(asker_.attempt(held).outcome, AttemptOutcome::granted);
  LocalWish wish = patient();
  ASSERT_EQ(asker_.attempt(wish).outcome, AttemptOutcome::waiting);
  Database(folder_of(directory_.path()) / "locks.db").execute("UPDATE lock SET fence = 1 << 60");
  EXPECT_EQ(asker_.release(held), ReleaseVerdict::released);
  EXPECT_EQ(asker_.beat(wish).outcome, BeatOutcome::gone);
  ++wish.owner.ticket;
  const auto answer = asker_.attempt_now(wish);
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
  EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::wrong_type);
}

TEST_F(LocalQueueCrash, FewerThanNobodyIsNobody) {
  ASSERT_EQ(asker_.attempt({}).outcome, AttemptOutcome::granted);
  Database(folder_of(directory_.path()) / "locks.db").execute("UPDATE lock SET waiting = -1");
  EXPECT_EQ(asker_.inspect(key).value().waiting, 0U);
  EXPECT_EQ(asker_.attempt(patient()).position, 1U);
}

TEST_F(LocalQueueCrash, HousekeepingHandsOverWhatNobodyAsksFor) {
  const LocalWish held{.ttl = 1000ms};
  ASSERT_EQ(asker_.attempt(held).outcome, AttemptOutcome::granted);
  const LocalPushes pushes(asker_.store());
  const LocalWish wish = patient();
  ASSERT_EQ(asker_.attempt(wish).outcome, AttemptOutcome::waiting);
  clock_.pass(6s);
  ASSERT_EQ(asker_.attempt({.key = "any other"}).outcome, AttemptOutcome::granted);
  EXPECT_TRUE(pushes.of(wish.owner));
}

TEST_F(LocalQueueCrash, HousekeepingKeepsLiveWaiters) {
  ASSERT_EQ(asker_.attempt({}).outcome, AttemptOutcome::granted);
  const LocalWish wish = patient();
  ASSERT_EQ(asker_.attempt(wish).outcome, AttemptOutcome::waiting);
  for (int i = 0; i < 20; ++i) {
    clock_.pass(6s);
    ASSERT_EQ(asker_.attempt({.key = "any other " + std::to_string(i)}).outcome,
              AttemptOutcome::granted);
  }
  EXPECT_EQ(asker_.beat(wish).outcome, BeatOutcome::waiting);
}

}  // namespace
}  // namespace exclusive_lock::live
