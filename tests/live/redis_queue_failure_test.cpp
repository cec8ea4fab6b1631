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
  requester.heartbeat(key, waiters[0]);
  client.must({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  client.must({"CONFIG", "SET", "maxmemory", "1"});
  const auto refused =
      failure_in(requester.attempt_answer(requester.patient_request(key, new_owner())));
  EXPECT_TRUE(is_failure(refused, errc::store_out_of_memory));
  AttemptRequest back = requester.patient_request(key, new_owner());
  back.wait_options->arrived_at = StoreTime(1);
  EXPECT_TRUE(is_failure(failure_in(requester.attempt_answer(back)), errc::store_out_of_memory));
  EXPECT_EQ(waiting(), 3);
  EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::waiting);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), waiters[0]);
  EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(requester.release(key, waiters[2]), ReleaseReplyStatus::left);
  client.must({"DEL", key});
  EXPECT_EQ(requester.heartbeat(key, waiters[1]).outcome,
            HeartbeatReplyStatus::granted);  // advances
  EXPECT_EQ(requester.release(key, waiters[1]), ReleaseReplyStatus::released);
  expect_nothing_left(client);
}

TEST_P(Queue, ForeignQueueIsAnErrorForThoseThatWaitAndKeepsNobodyFromReleasing) {
  const Owner first = new_owner();
  const Owner waiter = new_owner();
  requester.attempt(key, first);
  client.must({"SET", queue_at, "a stranger's"});
  const auto refused = failure_in(requester.attempt_answer(requester.patient_request(key, waiter)));
  EXPECT_TRUE(is_failure(refused, errc::wrong_type));
  EXPECT_TRUE(is_failure(failure_in(requester.heartbeat_answer(key, waiter)), errc::wrong_type));
  EXPECT_EQ(requester.attempt(key, waiter).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(requester.inspect(key)->waiting, 0U);
  EXPECT_EQ(requester.list("exclusive-lock:").records.size(), 1U);
  EXPECT_EQ(requester.refresh(key, first), RefreshReplyStatus::refreshed);
  EXPECT_EQ(requester.release(key, waiter), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(client.integer({"EXISTS", key}), 0);
  EXPECT_EQ(client.text({"GET", queue_at}), "a stranger's");
  EXPECT_EQ(client.integer({"PTTL", queue_at}), -1);
}

// Long records alone need that key.
TEST_P(Queue, ForeignWaitersAreInTheWayOfLongRecordsAlone) {
  const Owner first = new_owner();
  const Owner short_one = new_owner();
  const Owner long_one = new_owner();
  requester.attempt(key, first);
  client.must({"SET", waiters_at, "a stranger's"});
  EXPECT_EQ(requester.patient_attempt(key, short_one).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(requester.patient_attempt(key, with_ticket(short_one, 2)).outcome,
            AttemptReplyStatus::waiting);
  EXPECT_EQ(client.integer({"PTTL", waiters_at}), -1);
  EXPECT_TRUE(
      is_failure(failure_in(requester.attempt_answer(long_request(long_one))), errc::wrong_type));
  EXPECT_EQ(waiting(), 1);
  client.must({"DEL", waiters_at});
  EXPECT_EQ(reply_in(requester.attempt_answer(long_request(long_one))).position, 2U);
  client.must({"SET", waiters_at, "a stranger's"});
  EXPECT_EQ(requester.heartbeat(key, long_one).outcome, HeartbeatReplyStatus::waiting);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(requester.release(key, with_ticket(short_one, 2)), ReleaseReplyStatus::released);
  EXPECT_FALSE(holder()) << "half of a record is none";
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(client.text({"GET", waiters_at}), "a stranger's");
  EXPECT_EQ(client.integer({"PTTL", waiters_at}), -1);
}

TEST_P(Queue, RestOfALongRecordLivesNoLongerThanTheQueue) {
  const Owner first = new_owner();
  const Owner long_one = new_owner();
  queue_up(1, first);
  client.must({"PEXPIRE", queue_at, "5000"});
  requester.attempt_answer(long_request(long_one));
  EXPECT_LE(client.integer({"PTTL", waiters_at}), 5000);
  EXPECT_EQ(requester.heartbeat(key, long_one).outcome, HeartbeatReplyStatus::waiting);
  EXPECT_GT(client.integer({"PTTL", queue_at}), 5000);
  EXPECT_GT(client.integer({"PTTL", waiters_at}), 5000);
  AttemptRequest shorter = requester.patient_request(key, with_ticket(long_one, 2));
  EXPECT_EQ(reply_in(requester.attempt_answer(shorter)).position, 2U);
  EXPECT_EQ(client.integer({"EXISTS", waiters_at}), 0);
  requester.attempt_answer(long_request(with_ticket(long_one, 3)));
  EXPECT_EQ(client.integer({"HLEN", waiters_at}), 1);
  EXPECT_EQ(requester.release(key, with_ticket(long_one, 3)), ReleaseReplyStatus::left);
  EXPECT_EQ(client.integer({"EXISTS", waiters_at}), 0);
}

// Nobody may come to heartbeat after that: who comes makes the key anew, and gives it its end.
TEST_P(Queue, WhatWasDeletedHasAnEndAgainWithTheNextThatComes) {
  const std::vector<Owner> waiters = queue_up(2, new_owner());
  client.must({"DEL", queue_at});
  EXPECT_EQ(requester.patient_attempt(key, new_owner()).position, 1U);
  expect_ttl_everywhere(client);
  client.must({"PERSIST", queue_at});
  requester.attempt_answer(long_request(waiters[1]));
  expect_ttl_everywhere(client);
}

// The record tells the highest fence, so a release does not need the other key and mends it.
TEST_P(Queue, ForeignFenceDoesNotKeepAReleaseFromHandingOver) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(1, first);
  const Fence before = *record_fence(client.text({"GET", key}));
  client.must({"SET", fence_at, "no number"});
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  const Fence after = requester.heartbeat(key, waiters[0]).fence;
  EXPECT_GT(after.value, before.value);
  EXPECT_EQ(client.text({"GET", fence_at}), std::to_string(after.value));
}

TEST_P(Queue, ForeignFenceStopsAnExpiredLockUntilItIsMended) {
  const std::vector<Owner> waiters = queue_up(1, new_owner());
  client.must({"DEL", key});
  for (const std::string foreign : {"no number", "9007199254740992"}) {
    client.must({"SET", fence_at, foreign});
    EXPECT_TRUE(is_failure(failure_in(requester.heartbeat_answer(key, waiters[0])),
                           errc::wrong_type, {fence_at}));
    EXPECT_TRUE(
        is_failure(failure_in(requester.attempt_answer(requester.request(key, new_owner()))),
                   errc::wrong_type, {fence_at}));
    EXPECT_EQ(requester.release(key, new_owner()), ReleaseReplyStatus::not_owner);
    EXPECT_EQ(client.text({"GET", fence_at}), foreign);
    EXPECT_EQ(waiting(), 1);
  }
  client.must({"DEL", fence_at});
  EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::granted);
}

TEST_P(Queue, HandOverCostsTheSameHoweverManyWait) {
  const Owner first = new_owner();
  std::vector<Owner> waiters = queue_up(1, first);
  requester.release(key, first);
  requester.heartbeat(key, waiters[0]);  // all scripts are there
  // So that the first words of the push link are not counted.
  ASSERT_TRUE(eventually([&] { return requester.store().pushes_grants(); }));
  Owner last = waiters[0];
  for (const int count : {1, 10, 100, 1000}) {
    while (waiting() < count - 1) {
      requester.patient_attempt(key, new_owner());
    }
    const Owner next = new_owner();
    const auto entering = commands_of(client, [&] { requester.patient_attempt(key, next); });
    const auto beating = commands_of(client, [&] { requester.heartbeat(key, next); });
    EXPECT_LE(entering, count == 1 ? 8 : 7) << count;
    EXPECT_LE(beating, 10) << count;
    EXPECT_LE(commands_of(client, [&] { requester.release(key, last); }), 9) << count;
    last = *holder();
  }
}

}  // namespace
}  // namespace exclusive_lock::live
