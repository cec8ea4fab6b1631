// The queue of those that wait, on servers that are full, and where somebody else has been at its
// keys; and what it costs the server.

#include "live/redis_queue.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using namespace queue;

TEST_P(Queue, FullMemoryDoesNotStopIt) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(3, first);
  asker.beat(key, waiters[0]);
  client.must({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  client.must({"CONFIG", "SET", "maxmemory", "1"});
  const auto refused = failure_in(asker.attempt_answer(asker.patient_request(key, new_owner())));
  EXPECT_TRUE(is_failure(refused, errc::store_out_of_memory));
  EXPECT_EQ(client.integer({"ZCARD", queue_at}), 3);
  EXPECT_EQ(asker.beat(key, waiters[0]).outcome, BeatOutcome::waiting);
  EXPECT_EQ(asker.release(key, first), ReleaseVerdict::released);
  EXPECT_EQ(holder(), waiters[0]);
  EXPECT_EQ(asker.beat(key, waiters[0]).outcome, BeatOutcome::granted);
  EXPECT_EQ(asker.release(key, waiters[2]), ReleaseVerdict::left);
  client.must({"DEL", key});
  EXPECT_EQ(asker.beat(key, waiters[1]).outcome, BeatOutcome::granted);  // advances
  EXPECT_EQ(asker.release(key, waiters[1]), ReleaseVerdict::released);
  expect_nothing_left(client);
}

TEST_P(Queue, ForeignQueueIsAnErrorForThoseThatWaitAndKeepsNobodyFromReleasing) {
  const Owner first = new_owner();
  const Owner waiter = new_owner();
  for (const std::string& foreign : {queue_at, waiters_at}) {
    asker.attempt(key, first);
    client.must({"SET", foreign, "a stranger's"});
    const auto refused = failure_in(asker.attempt_answer(asker.patient_request(key, waiter)));
    EXPECT_TRUE(is_failure(refused, errc::wrong_type)) << foreign;
    EXPECT_EQ(asker.inspect(key)->waiting, 0U);
    EXPECT_EQ(asker.list("exclusive-lock:").records.size(), 1U);
    EXPECT_EQ(asker.refresh(key, first), RefreshVerdict::refreshed);
    EXPECT_EQ(asker.release(key, waiter), ReleaseVerdict::not_owner);
    EXPECT_EQ(asker.release(key, first), ReleaseVerdict::released);
    EXPECT_EQ(client.integer({"EXISTS", key}), 0);
    EXPECT_EQ(client.text({"GET", foreign}), "a stranger's");
    EXPECT_EQ(client.integer({"PTTL", foreign}), -1);
    client.must({"FLUSHALL"});
  }
}

TEST_P(Queue, ForeignWaitersAreAnErrorForABeat) {
  const std::vector<Owner> waiters = queue_up(1, new_owner());
  client.must({"SET", waiters_at, "a stranger's"});
  EXPECT_TRUE(is_failure(failure_in(asker.beat_answer(key, waiters[0])), errc::wrong_type));
  client.must({"SET", queue_at, "a stranger's"});
  EXPECT_TRUE(is_failure(failure_in(asker.beat_answer(key, waiters[0])), errc::wrong_type));
  EXPECT_EQ(client.integer({"PTTL", queue_at}), -1);
}

// Nobody may come to beat after that: who comes makes the key anew, and gives it its end.
TEST_P(Queue, WhatWasDeletedHasAnEndAgainWithTheNextThatComes) {
  const std::vector<Owner> waiters = queue_up(2, new_owner());
  client.must({"DEL", waiters_at});
  EXPECT_EQ(asker.patient_attempt(key, new_owner()).position, 3U);
  expect_ttl_everywhere(client);
  client.must({"DEL", waiters_at});
  EXPECT_EQ(asker.patient_attempt(key, with_ticket(waiters[1], 2)).position, 2U);
  expect_ttl_everywhere(client);
  client.must({"DEL", queue_at});
  EXPECT_EQ(asker.patient_attempt(key, new_owner()).position, 1U);
  expect_ttl_everywhere(client);
}

TEST_P(Queue, EntryWithoutItsDataIsSkipped) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(3, first);
  const std::string id = owner_text(waiters[0]).substr(0, 32);
  client.must({"HDEL", waiters_at, id});
  client.must({"HSET", waiters_at, owner_text(waiters[1]).substr(0, 32) + ":alive", "rubbish"});
  EXPECT_EQ(asker.inspect(key)->waiters.size(), 1U);
  asker.release(key, first);
  EXPECT_EQ(holder(), waiters[2]);
  EXPECT_EQ(client.integer({"EXISTS", queue_at, waiters_at}), 0);
}

// The record tells the highest fence, so a release does not need the other key and mends it.
TEST_P(Queue, ForeignFenceDoesNotKeepAReleaseFromHandingOver) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(1, first);
  const Fence before = *record_fence(client.text({"GET", key}));
  client.must({"SET", fence_at, "no number"});
  EXPECT_EQ(asker.release(key, first), ReleaseVerdict::released);
  const Fence after = asker.beat(key, waiters[0]).fence;
  EXPECT_GT(after.value, before.value);
  EXPECT_EQ(client.text({"GET", fence_at}), std::to_string(after.value));
}

TEST_P(Queue, ForeignFenceStopsAnExpiredLockUntilItIsMended) {
  const std::vector<Owner> waiters = queue_up(1, new_owner());
  client.must({"DEL", key});
  for (const std::string foreign : {"no number", "9007199254740992"}) {
    client.must({"SET", fence_at, foreign});
    EXPECT_TRUE(
        is_failure(failure_in(asker.beat_answer(key, waiters[0])), errc::wrong_type, {fence_at}));
    EXPECT_TRUE(is_failure(failure_in(asker.attempt_answer(asker.request(key, new_owner()))),
                           errc::wrong_type, {fence_at}));
    EXPECT_EQ(asker.release(key, new_owner()), ReleaseVerdict::not_owner);
    EXPECT_EQ(client.text({"GET", fence_at}), foreign);
    EXPECT_EQ(client.integer({"ZCARD", queue_at}), 1);
  }
  client.must({"DEL", fence_at});
  EXPECT_EQ(asker.beat(key, waiters[0]).outcome, BeatOutcome::granted);
}

TEST_P(Queue, HandOverCostsTheSameHoweverManyWait) {
  const Owner first = new_owner();
  std::vector<Owner> waiters = queue_up(1, first);
  asker.release(key, first);
  asker.beat(key, waiters[0]);  // all scripts are there
  // So that the first words of the push link are not counted.
  ASSERT_TRUE(eventually([&] { return asker.store().pushes_grants(); }));
  Owner last = waiters[0];
  for (const int count : {1, 10, 100, 1000}) {
    while (client.integer({"ZCARD", queue_at}) < count - 1) {
      asker.patient_attempt(key, new_owner());
    }
    const Owner next = new_owner();
    const auto entering = commands_of(client, [&] { asker.patient_attempt(key, next); });
    const auto beating = commands_of(client, [&] { asker.beat(key, next); });
    EXPECT_LE(entering, count == 1 ? 10 : 9) << count;
    EXPECT_LE(beating, 9) << count;
    EXPECT_LE(commands_of(client, [&] { asker.release(key, last); }), 11) << count;
    last = *holder();
  }
}

}  // namespace
}  // namespace exclusive_lock::live
