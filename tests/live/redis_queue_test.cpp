// The queue of those that wait, on real servers: order, hand-over, who is skipped and what is
// shown.

#include "live/redis_queue.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using namespace queue;

INSTANTIATE_TEST_SUITE_P(Servers, Queue, testing::ValuesIn(servers_to_test()),
                         testing::PrintToStringParamName());

TEST_P(Queue, IsServedInOrderOfArrival) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(5, first);
  expect_ttl_everywhere(client);
  Owner last = first;
  Fence highest = *record_fence(client.text({"GET", key}));
  for (const Owner& each : waiters) {
    EXPECT_EQ(requester.heartbeat(key, each).outcome, HeartbeatReplyStatus::waiting);
    EXPECT_EQ(requester.heartbeat(key, each).position, 1U);
    EXPECT_EQ(requester.release(key, last), ReleaseReplyStatus::released);
    EXPECT_EQ(holder(), each);
    EXPECT_EQ(requester.attempt(key, new_owner()).outcome, AttemptReplyStatus::busy);
    const HeartbeatReply heartbeat = requester.heartbeat(key, each);
    EXPECT_EQ(heartbeat.outcome, HeartbeatReplyStatus::granted);
    EXPECT_GT(heartbeat.fence.value, highest.value);
    highest = heartbeat.fence;
    last = each;
    expect_ttl_everywhere(client);
  }
  EXPECT_EQ(requester.release(key, last), ReleaseReplyStatus::released);
  expect_nothing_left(client);
}

TEST_P(Queue, HandOverWritesTheRecordOfTheWaiter) {
  for (const std::size_t size : {0U, 5'000U, 1'000'000U}) {
    const Owner first = new_owner();
    const Owner waiter = new_owner();
    ASSERT_EQ(requester.attempt(key, first).outcome, AttemptReplyStatus::granted);
    AttemptRequest request = requester.patient_request(key, waiter);
    request.record_tail = encode_record_tail({.ttl = long_ttl,
                                              .host = "h",
                                              .pid = 7,
                                              .label = "l\n\"",
                                              .contents_text = '"' + std::string(size, 'c') + '"'});
    ASSERT_EQ(reply_in(requester.attempt_answer(request)).outcome, AttemptReplyStatus::waiting);
    ASSERT_EQ(requester.release(key, first), ReleaseReplyStatus::released);

    const std::string value = client.text({"GET", key});
    const auto fence = record_fence(value);
    ASSERT_TRUE(fence);
    EXPECT_EQ(client.text({"GET", fence_at}), std::to_string(fence->value));
    // Fences follow the clock here.
    EXPECT_EQ(value, encode_record(waiter, *fence, static_cast<std::int64_t>(fence->value),
                                   request.record_tail));
    const auto remaining_ms = client.integer({"PTTL", key});
    EXPECT_LE(remaining_ms, request.wait_options->confirm_ttl.count());
    EXPECT_GT(remaining_ms, request.wait_options->confirm_ttl.count() - 15'000);
    EXPECT_EQ(requester.heartbeat(key, waiter).fence, *fence);
    EXPECT_GT(client.integer({"PTTL", key}), request.wait_options->confirm_ttl.count());
    EXPECT_EQ(requester.release(key, waiter), ReleaseReplyStatus::released);
    expect_nothing_left(client);
  }
}

TEST_P(Queue, FenceOfAHandOverIsAboveTheFloorOfTheWaiter) {
  const Owner first = new_owner();
  const Owner waiter = new_owner();
  requester.attempt(key, first);
  AttemptRequest request = requester.patient_request(key, waiter);
  request.floor = Fence{8'000'000'000'000'000};
  requester.attempt_answer(request);
  requester.release(key, first);
  EXPECT_EQ(requester.heartbeat(key, waiter).fence, Fence{8'000'000'000'000'001});
}

TEST_P(Queue, FrozenWaiterIsSkippedWhenItsTimeIsOver) {
  const Owner first = new_owner();
  requester.attempt(key, first);
  AttemptRequest frozen = requester.patient_request(key, new_owner());
  frozen.wait_options->alive_for = 1ms;
  requester.attempt_answer(frozen);
  const Owner second = new_owner();
  EXPECT_EQ(requester.patient_attempt(key, second).position, 2U);
  let_pass(2ms);
  requester.release(key, first);
  EXPECT_EQ(holder(), second);
  EXPECT_EQ(requester.heartbeat(key, frozen.owner).outcome, HeartbeatReplyStatus::gone);
}

TEST_P(Queue, HeartbeatKeepsAnEntryAlive) {
  const Owner first = new_owner();
  requester.attempt(key, first);
  AttemptRequest slow = requester.patient_request(key, new_owner());
  slow.wait_options->alive_for = 1ms;
  requester.attempt_answer(slow);
  EXPECT_EQ(requester.heartbeat(key, slow.owner, long_ttl).outcome, HeartbeatReplyStatus::waiting);
  requester.patient_attempt(key, new_owner());
  requester.release(key, first);
  EXPECT_EQ(holder(), slow.owner);
}

TEST_P(Queue, HeartbeatAdvancesWhenTheRecordHasExpired) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  const Fence before = *record_fence(client.text({"GET", key}));
  client.must({"PEXPIRE", key, "1"});
  wait_for_end_of_record();
  EXPECT_EQ(requester.heartbeat(key, waiters[1]).outcome, HeartbeatReplyStatus::waiting);
  EXPECT_EQ(holder(), waiters[0]);
  const HeartbeatReply granted = requester.heartbeat(key, waiters[0]);
  EXPECT_EQ(granted.outcome, HeartbeatReplyStatus::granted);
  EXPECT_GT(granted.fence.value, before.value);
}

TEST_P(Queue, NobodyBargesInWhenTheRecordHasExpired) {
  const std::vector<Owner> waiters = queue_up(1, new_owner());
  client.must({"DEL", key});
  const AttemptReply reply = requester.attempt(key, new_owner());
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(reply.fence, *record_fence(client.text({"GET", key})));
  EXPECT_TRUE(reply.remaining_ttl);
  EXPECT_EQ(holder(), waiters[0]);
}

TEST_P(Queue, ReleaseOfOneThatWaitsLeaves) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(3, first);
  EXPECT_EQ(requester.release(key, waiters[1]), ReleaseReplyStatus::left);
  EXPECT_EQ(requester.release(key, waiters[1]), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(requester.heartbeat(key, waiters[1]).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(requester.heartbeat(key, waiters[2]).position, 2U);
  EXPECT_EQ(requester.release(key, waiters[0]), ReleaseReplyStatus::left);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(requester.release(key, waiters[2]), ReleaseReplyStatus::released);
  expect_nothing_left(client);
}

TEST_P(Queue, ReleaseAfterExpiryHandsOverWhatTheOwnerWasHanded) {
  const std::vector<Owner> waiters = queue_up(2, new_owner());
  client.must({"DEL", key});
  EXPECT_EQ(requester.release(key, waiters[0]), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), waiters[1]);
}

TEST_P(Queue, NewerTicketTakesThePlaceOfAnOlderOne) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  const Owner newer = with_ticket(waiters[0], 2);
  const AttemptReply reply = requester.patient_attempt(key, newer);
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(reply.position, 1U);
  EXPECT_LT(*reply.arrived_at, *reply.store_time);
  EXPECT_EQ(requester.patient_attempt(key, waiters[0]).outcome, AttemptReplyStatus::superseded);
  EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(requester.heartbeat(key, newer).outcome, HeartbeatReplyStatus::waiting);
  EXPECT_EQ(requester.release(key, waiters[0]), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(waiting(), 2);
  requester.release(key, first);
  EXPECT_EQ(holder(), newer);
  EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::gone);
  EXPECT_EQ(requester.patient_attempt(key, waiters[0]).outcome, AttemptReplyStatus::superseded);
}

TEST_P(Queue, ReleaseByANewerTicketTakesAnOlderEntryAway) {
  const std::vector<Owner> waiters = queue_up(1, new_owner());
  EXPECT_EQ(requester.release(key, with_ticket(waiters[0], 2)), ReleaseReplyStatus::left);
  EXPECT_EQ(client.integer({"EXISTS", queue_at, waiters_at}), 0);
}

TEST_P(Queue, AttemptTakesOverWhatItsOlderTicketWasHanded) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(1, first);
  requester.release(key, first);
  const AttemptReply reply = requester.patient_attempt(key, with_ticket(waiters[0], 2));
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(holder(), with_ticket(waiters[0], 2));
}

TEST_P(Queue, SameAttemptAgainIsTheSameEntry) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  const AttemptReply again = requester.patient_attempt(key, waiters[0]);
  EXPECT_EQ(again.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(again.position, 1U);
  EXPECT_EQ(waiting(), 2);
  requester.release(key, first);
  EXPECT_EQ(requester.patient_attempt(key, waiters[0]).outcome, AttemptReplyStatus::granted);
}

TEST_P(Queue, ArrivalGivesBackThePlace) {
  queue_up(2, new_owner());
  AttemptRequest back = requester.patient_request(key, new_owner());
  back.wait_options->arrived_at = StoreTime(1'700'000'000'000'001);
  const AttemptReply reply = reply_in(requester.attempt_answer(back));
  EXPECT_EQ(reply.position, 1U);
  EXPECT_EQ(reply.arrived_at, back.wait_options->arrived_at);
}

TEST_P(Queue, FullQueueTakesNobodyElse) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  AttemptRequest another = requester.patient_request(key, new_owner());
  another.wait_options->max_waiting = 2;
  EXPECT_EQ(reply_in(requester.attempt_answer(another)).outcome, AttemptReplyStatus::queue_full);
  another.wait_options->arrived_at = StoreTime(1);
  EXPECT_EQ(reply_in(requester.attempt_answer(another)).outcome, AttemptReplyStatus::queue_full);
  EXPECT_EQ(waiting(), 2);
  EXPECT_EQ(client.integer({"ZCARD", queue_at}), 4);

  AttemptRequest renewed = requester.patient_request(key, with_ticket(waiters[1], 2));
  renewed.wait_options->max_waiting = 1;
  EXPECT_EQ(reply_in(requester.attempt_answer(renewed)).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(requester.release(key, waiters[0]), ReleaseReplyStatus::left);
  EXPECT_EQ(reply_in(requester.attempt_answer(another)).outcome, AttemptReplyStatus::waiting);
}

TEST_P(Queue, OneCallLooksAtSixteenOfTheDead) {
  const Owner first = new_owner();
  requester.attempt(key, first);
  for (int i = 0; i < 40; ++i) {
    AttemptRequest dead = requester.patient_request(key, new_owner());
    dead.wait_options->alive_for = 1ms;
    ASSERT_EQ(reply_in(requester.attempt_answer(dead)).outcome, AttemptReplyStatus::waiting);
  }
  const Owner alive = new_owner();
  EXPECT_EQ(requester.patient_attempt(key, alive).position, 41U);
  let_pass(2ms);
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(waiting(), 25);
  EXPECT_EQ(client.integer({"EXISTS", key}), 0);
  const AttemptReply busy = requester.attempt(key, new_owner());
  EXPECT_EQ(busy.outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(busy.remaining_ttl, 0ms);
  EXPECT_EQ(waiting(), 9);
  EXPECT_EQ(requester.patient_attempt(key, new_owner()).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(holder(), alive);
}

TEST_P(Queue, PatientNewcomerQueuesUpBehindTheUnexamined) {
  const Owner first = new_owner();
  requester.attempt(key, first);
  for (int i = 0; i < 40; ++i) {
    AttemptRequest dead = requester.patient_request(key, new_owner());
    dead.wait_options->alive_for = 1ms;
    requester.attempt_answer(dead);
  }
  let_pass(2ms);
  requester.release(key, first);  // 24 are left
  const Owner newcomer = new_owner();
  const AttemptReply reply = requester.patient_attempt(key, newcomer);
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(reply.position, 9U);
  EXPECT_EQ(reply.remaining_ttl, 0ms);
  EXPECT_EQ(requester.heartbeat(key, newcomer).outcome, HeartbeatReplyStatus::granted);
}

TEST_P(Queue, InspectAndListShowIt) {
  const std::vector<Owner> waiters = queue_up(3, new_owner());
  requester.attempt("exclusive-lock:other", new_owner());
  const auto record = requester.inspect(key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->waiting, 3U);
  ASSERT_EQ(record->waiters.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(record->waiters[i].owner, waiters[i]);
    EXPECT_EQ(record->waiters[i].tail_head, requester.request(key, waiters[i]).record_tail);
  }
  EXPECT_LT(*record->waiters[0].arrived_at, *record->waiters[2].arrived_at);
  for (const StoredRecord& each : requester.list("exclusive-lock:").records) {
    EXPECT_EQ(each.waiting, each.key == key ? 3U : 0U) << each.key;
    EXPECT_TRUE(each.waiters.empty());
  }
}

TEST_P(Queue, InspectShowsTheFirstHundredAndTheBeginningOfTheirTails) {
  requester.attempt(key, new_owner());
  const AttemptRequest long_one = long_request(new_owner());
  requester.attempt_answer(long_one);
  for (int i = 0; i < 104; ++i) {
    requester.patient_attempt(key, new_owner());
  }
  const auto record = requester.inspect(key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->waiting, 105U);
  ASSERT_EQ(record->waiters.size(), max_waiters_shown);
  EXPECT_EQ(record->waiters[0].tail_head, long_one.record_tail.substr(0, waiter_tail_head_size));
}

TEST_P(Queue, RemoveHandsOver) {
  const std::vector<Owner> waiters = queue_up(2, new_owner());
  EXPECT_TRUE(requester.remove(key, client.text({"GET", key})));
  EXPECT_EQ(holder(), waiters[0]);
  EXPECT_FALSE(requester.remove(key, "something else"));
  client.must({"SET", key, "a stranger's"});
  EXPECT_TRUE(requester.remove(key, "a stranger's"));
  EXPECT_EQ(holder(), waiters[1]);
}

TEST_P(Queue, ScriptsAreLoadedAgainAfterScriptFlush) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(1, first);
  client.must({"SCRIPT", "FLUSH"});
  EXPECT_EQ(requester.heartbeat(key, waiters[0]).outcome, HeartbeatReplyStatus::waiting);
  client.must({"SCRIPT", "FLUSH"});
  EXPECT_EQ(requester.release(key, first), ReleaseReplyStatus::released);
  EXPECT_EQ(holder(), waiters[0]);
}

TEST_P(Queue, AfterFlushallAllAreGoneAndComeBackInOrder) {
  std::vector<StoreTime> arrivals;
  requester.attempt(key, new_owner());
  std::vector<Owner> waiters{new_owner(), new_owner(), new_owner()};
  for (const Owner& each : waiters) {
    arrivals.push_back(*requester.patient_attempt(key, each).arrived_at);
  }
  client.must({"FLUSHALL"});
  for (const Owner& each : waiters) {
    EXPECT_EQ(requester.heartbeat(key, each).outcome, HeartbeatReplyStatus::gone);
  }
  EXPECT_TRUE(all_keys(client).empty());
  requester.attempt(key, new_owner());
  for (const std::size_t i : {2U, 0U, 1U}) {
    AttemptRequest back = requester.patient_request(key, with_ticket(waiters[i], 2));
    back.wait_options->arrived_at = arrivals[i];
    requester.attempt_answer(back);
  }
  const auto record = requester.inspect(key);
  ASSERT_EQ(record->waiters.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(record->waiters[i].owner, with_ticket(waiters[i], 2));
  }
  expect_ttl_everywhere(client);
}

}  // namespace
}  // namespace exclusive_lock::live
