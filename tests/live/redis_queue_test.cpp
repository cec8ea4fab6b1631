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
    EXPECT_EQ(asker.beat(key, each).outcome, BeatOutcome::waiting);
    EXPECT_EQ(asker.beat(key, each).position, 1U);
    EXPECT_EQ(asker.release(key, last), ReleaseVerdict::released);
    EXPECT_EQ(holder(), each);
    EXPECT_EQ(asker.attempt(key, new_owner()).outcome, AttemptOutcome::busy);
    const BeatReply beat = asker.beat(key, each);
    EXPECT_EQ(beat.outcome, BeatOutcome::granted);
    EXPECT_GT(beat.fence.value, highest.value);
    highest = beat.fence;
    last = each;
    expect_ttl_everywhere(client);
  }
  EXPECT_EQ(asker.release(key, last), ReleaseVerdict::released);
  expect_nothing_left(client);
}

TEST_P(Queue, HandOverWritesTheRecordOfTheWaiter) {
  for (const std::size_t size : {0U, 5'000U, 1'000'000U}) {
    const Owner first = new_owner();
    const Owner waiter = new_owner();
    ASSERT_EQ(asker.attempt(key, first).outcome, AttemptOutcome::granted);
    AttemptRequest request = asker.patient_request(key, waiter);
    request.record_tail = encode_record_tail({.ttl = long_ttl,
                                              .host = "h",
                                              .pid = 7,
                                              .label = "l\n\"",
                                              .contents_text = '"' + std::string(size, 'c') + '"'});
    ASSERT_EQ(reply_in(asker.attempt_answer(request)).outcome, AttemptOutcome::waiting);
    ASSERT_EQ(asker.release(key, first), ReleaseVerdict::released);

    const std::string value = client.text({"GET", key});
    const auto fence = record_fence(value);
    ASSERT_TRUE(fence);
    EXPECT_EQ(client.text({"GET", fence_at}), std::to_string(fence->value));
    // Fences follow the clock here.
    EXPECT_EQ(value, encode_record(waiter, *fence, static_cast<std::int64_t>(fence->value),
                                   request.record_tail));
    const auto remaining_ms = client.integer({"PTTL", key});
    EXPECT_LE(remaining_ms, request.patience->confirm_ttl.count());
    EXPECT_GT(remaining_ms, request.patience->confirm_ttl.count() - 15'000);
    EXPECT_EQ(asker.beat(key, waiter).fence, *fence);
    EXPECT_GT(client.integer({"PTTL", key}), request.patience->confirm_ttl.count());
    EXPECT_EQ(asker.release(key, waiter), ReleaseVerdict::released);
    expect_nothing_left(client);
  }
}

TEST_P(Queue, FenceOfAHandOverIsAboveTheFloorOfTheWaiter) {
  const Owner first = new_owner();
  const Owner waiter = new_owner();
  asker.attempt(key, first);
  AttemptRequest request = asker.patient_request(key, waiter);
  request.floor = Fence{8'000'000'000'000'000};
  asker.attempt_answer(request);
  asker.release(key, first);
  EXPECT_EQ(asker.beat(key, waiter).fence, Fence{8'000'000'000'000'001});
}

TEST_P(Queue, FrozenWaiterIsSkippedWhenItsTimeIsOver) {
  const Owner first = new_owner();
  asker.attempt(key, first);
  AttemptRequest frozen = asker.patient_request(key, new_owner());
  frozen.patience->alive_for = 1ms;
  asker.attempt_answer(frozen);
  const Owner second = new_owner();
  EXPECT_EQ(asker.patient_attempt(key, second).position, 2U);
  let_pass(2ms);
  asker.release(key, first);
  EXPECT_EQ(holder(), second);
  EXPECT_EQ(asker.beat(key, frozen.owner).outcome, BeatOutcome::gone);
}

TEST_P(Queue, BeatKeepsAnEntryAlive) {
  const Owner first = new_owner();
  asker.attempt(key, first);
  AttemptRequest slow = asker.patient_request(key, new_owner());
  slow.patience->alive_for = 1ms;
  asker.attempt_answer(slow);
  EXPECT_EQ(asker.beat(key, slow.owner, long_ttl).outcome, BeatOutcome::waiting);
  asker.patient_attempt(key, new_owner());
  asker.release(key, first);
  EXPECT_EQ(holder(), slow.owner);
}

TEST_P(Queue, BeatAdvancesWhenTheRecordHasExpired) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  const Fence before = *record_fence(client.text({"GET", key}));
  client.must({"PEXPIRE", key, "1"});
  wait_for_end_of_record();
  EXPECT_EQ(asker.beat(key, waiters[1]).outcome, BeatOutcome::waiting);
  EXPECT_EQ(holder(), waiters[0]);
  const BeatReply granted = asker.beat(key, waiters[0]);
  EXPECT_EQ(granted.outcome, BeatOutcome::granted);
  EXPECT_GT(granted.fence.value, before.value);
}

TEST_P(Queue, NobodyBargesInWhenTheRecordHasExpired) {
  const std::vector<Owner> waiters = queue_up(1, new_owner());
  client.must({"DEL", key});
  const AttemptReply reply = asker.attempt(key, new_owner());
  EXPECT_EQ(reply.outcome, AttemptOutcome::busy);
  EXPECT_EQ(reply.fence, *record_fence(client.text({"GET", key})));
  EXPECT_TRUE(reply.remaining_ttl);
  EXPECT_EQ(holder(), waiters[0]);
}

TEST_P(Queue, ReleaseOfOneThatWaitsLeaves) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(3, first);
  EXPECT_EQ(asker.release(key, waiters[1]), ReleaseVerdict::left);
  EXPECT_EQ(asker.release(key, waiters[1]), ReleaseVerdict::not_owner);
  EXPECT_EQ(asker.beat(key, waiters[1]).outcome, BeatOutcome::gone);
  EXPECT_EQ(asker.beat(key, waiters[2]).position, 2U);
  EXPECT_EQ(asker.release(key, waiters[0]), ReleaseVerdict::left);
  EXPECT_EQ(asker.release(key, first), ReleaseVerdict::released);
  EXPECT_EQ(asker.release(key, waiters[2]), ReleaseVerdict::released);
  expect_nothing_left(client);
}

TEST_P(Queue, ReleaseAfterExpiryHandsOverWhatTheOwnerWasHanded) {
  const std::vector<Owner> waiters = queue_up(2, new_owner());
  client.must({"DEL", key});
  EXPECT_EQ(asker.release(key, waiters[0]), ReleaseVerdict::released);
  EXPECT_EQ(holder(), waiters[1]);
}

TEST_P(Queue, NewerTicketTakesThePlaceOfAnOlderOne) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  const Owner newer = with_ticket(waiters[0], 2);
  const AttemptReply reply = asker.patient_attempt(key, newer);
  EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
  EXPECT_EQ(reply.position, 1U);
  EXPECT_LT(*reply.arrived_at, *reply.store_time);
  EXPECT_EQ(asker.patient_attempt(key, waiters[0]).outcome, AttemptOutcome::superseded);
  EXPECT_EQ(asker.beat(key, waiters[0]).outcome, BeatOutcome::gone);
  EXPECT_EQ(asker.beat(key, newer).outcome, BeatOutcome::waiting);
  EXPECT_EQ(asker.release(key, waiters[0]), ReleaseVerdict::not_owner);
  EXPECT_EQ(waiting(), 2);
  asker.release(key, first);
  EXPECT_EQ(holder(), newer);
  EXPECT_EQ(asker.beat(key, waiters[0]).outcome, BeatOutcome::gone);
  EXPECT_EQ(asker.patient_attempt(key, waiters[0]).outcome, AttemptOutcome::superseded);
}

TEST_P(Queue, ReleaseByANewerTicketTakesAnOlderEntryAway) {
  const std::vector<Owner> waiters = queue_up(1, new_owner());
  EXPECT_EQ(asker.release(key, with_ticket(waiters[0], 2)), ReleaseVerdict::left);
  EXPECT_EQ(client.integer({"EXISTS", queue_at, waiters_at}), 0);
}

TEST_P(Queue, AttemptTakesOverWhatItsOlderTicketWasHanded) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(1, first);
  asker.release(key, first);
  const AttemptReply reply = asker.patient_attempt(key, with_ticket(waiters[0], 2));
  EXPECT_EQ(reply.outcome, AttemptOutcome::granted);
  EXPECT_EQ(holder(), with_ticket(waiters[0], 2));
}

TEST_P(Queue, SameAttemptAgainIsTheSameEntry) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  const AttemptReply again = asker.patient_attempt(key, waiters[0]);
  EXPECT_EQ(again.outcome, AttemptOutcome::waiting);
  EXPECT_EQ(again.position, 1U);
  EXPECT_EQ(waiting(), 2);
  asker.release(key, first);
  EXPECT_EQ(asker.patient_attempt(key, waiters[0]).outcome, AttemptOutcome::granted);
}

TEST_P(Queue, ArrivalGivesBackThePlace) {
  queue_up(2, new_owner());
  AttemptRequest back = asker.patient_request(key, new_owner());
  back.patience->arrived_at = StoreTime(1'700'000'000'000'001);
  const AttemptReply reply = reply_in(asker.attempt_answer(back));
  EXPECT_EQ(reply.position, 1U);
  EXPECT_EQ(reply.arrived_at, back.patience->arrived_at);
}

TEST_P(Queue, FullQueueTakesNobodyElse) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(2, first);
  AttemptRequest another = asker.patient_request(key, new_owner());
  another.patience->most_waiting = 2;
  EXPECT_EQ(reply_in(asker.attempt_answer(another)).outcome, AttemptOutcome::queue_full);
  another.patience->arrived_at = StoreTime(1);
  EXPECT_EQ(reply_in(asker.attempt_answer(another)).outcome, AttemptOutcome::queue_full);
  EXPECT_EQ(waiting(), 2);
  EXPECT_EQ(client.integer({"ZCARD", queue_at}), 4);

  AttemptRequest renewed = asker.patient_request(key, with_ticket(waiters[1], 2));
  renewed.patience->most_waiting = 1;
  EXPECT_EQ(reply_in(asker.attempt_answer(renewed)).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(asker.release(key, waiters[0]), ReleaseVerdict::left);
  EXPECT_EQ(reply_in(asker.attempt_answer(another)).outcome, AttemptOutcome::waiting);
}

TEST_P(Queue, OneCallLooksAtSixteenOfTheDead) {
  const Owner first = new_owner();
  asker.attempt(key, first);
  for (int i = 0; i < 40; ++i) {
    AttemptRequest dead = asker.patient_request(key, new_owner());
    dead.patience->alive_for = 1ms;
    ASSERT_EQ(reply_in(asker.attempt_answer(dead)).outcome, AttemptOutcome::waiting);
  }
  const Owner alive = new_owner();
  EXPECT_EQ(asker.patient_attempt(key, alive).position, 41U);
  let_pass(2ms);
  EXPECT_EQ(asker.release(key, first), ReleaseVerdict::released);
  EXPECT_EQ(waiting(), 25);
  EXPECT_EQ(client.integer({"EXISTS", key}), 0);
  const AttemptReply busy = asker.attempt(key, new_owner());
  EXPECT_EQ(busy.outcome, AttemptOutcome::busy);
  EXPECT_EQ(busy.remaining_ttl, 0ms);
  EXPECT_EQ(waiting(), 9);
  EXPECT_EQ(asker.patient_attempt(key, new_owner()).outcome, AttemptOutcome::waiting);
  EXPECT_EQ(holder(), alive);
}

TEST_P(Queue, PatientNewcomerQueuesUpBehindTheUnexamined) {
  const Owner first = new_owner();
  asker.attempt(key, first);
  for (int i = 0; i < 40; ++i) {
    AttemptRequest dead = asker.patient_request(key, new_owner());
    dead.patience->alive_for = 1ms;
    asker.attempt_answer(dead);
  }
  let_pass(2ms);
  asker.release(key, first);  // 24 are left
  const Owner newcomer = new_owner();
  const AttemptReply reply = asker.patient_attempt(key, newcomer);
  EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
  EXPECT_EQ(reply.position, 9U);
  EXPECT_EQ(reply.remaining_ttl, 0ms);
  EXPECT_EQ(asker.beat(key, newcomer).outcome, BeatOutcome::granted);
}

TEST_P(Queue, InspectAndListShowIt) {
  const std::vector<Owner> waiters = queue_up(3, new_owner());
  asker.attempt("exclusive-lock:other", new_owner());
  const auto record = asker.inspect(key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->waiting, 3U);
  ASSERT_EQ(record->waiters.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(record->waiters[i].owner, waiters[i]);
    EXPECT_EQ(record->waiters[i].tail_head, asker.request(key, waiters[i]).record_tail);
  }
  EXPECT_LT(*record->waiters[0].arrived_at, *record->waiters[2].arrived_at);
  for (const StoredRecord& each : asker.list("exclusive-lock:").records) {
    EXPECT_EQ(each.waiting, each.key == key ? 3U : 0U) << each.key;
    EXPECT_TRUE(each.waiters.empty());
  }
}

TEST_P(Queue, InspectShowsTheFirstHundredAndTheBeginningOfTheirTails) {
  asker.attempt(key, new_owner());
  const AttemptRequest long_one = long_request(new_owner());
  asker.attempt_answer(long_one);
  for (int i = 0; i < 104; ++i) {
    asker.patient_attempt(key, new_owner());
  }
  const auto record = asker.inspect(key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->waiting, 105U);
  ASSERT_EQ(record->waiters.size(), most_waiters_shown);
  EXPECT_EQ(record->waiters[0].tail_head, long_one.record_tail.substr(0, waiter_tail_head_size));
}

TEST_P(Queue, RemoveHandsOver) {
  const std::vector<Owner> waiters = queue_up(2, new_owner());
  EXPECT_TRUE(asker.remove(key, client.text({"GET", key})));
  EXPECT_EQ(holder(), waiters[0]);
  EXPECT_FALSE(asker.remove(key, "something else"));
  client.must({"SET", key, "a stranger's"});
  EXPECT_TRUE(asker.remove(key, "a stranger's"));
  EXPECT_EQ(holder(), waiters[1]);
}

TEST_P(Queue, ScriptsAreLoadedAgainAfterScriptFlush) {
  const Owner first = new_owner();
  const std::vector<Owner> waiters = queue_up(1, first);
  client.must({"SCRIPT", "FLUSH"});
  EXPECT_EQ(asker.beat(key, waiters[0]).outcome, BeatOutcome::waiting);
  client.must({"SCRIPT", "FLUSH"});
  EXPECT_EQ(asker.release(key, first), ReleaseVerdict::released);
  EXPECT_EQ(holder(), waiters[0]);
}

TEST_P(Queue, AfterFlushallAllAreGoneAndComeBackInOrder) {
  std::vector<StoreTime> arrivals;
  asker.attempt(key, new_owner());
  std::vector<Owner> waiters{new_owner(), new_owner(), new_owner()};
  for (const Owner& each : waiters) {
    arrivals.push_back(*asker.patient_attempt(key, each).arrived_at);
  }
  client.must({"FLUSHALL"});
  for (const Owner& each : waiters) {
    EXPECT_EQ(asker.beat(key, each).outcome, BeatOutcome::gone);
  }
  EXPECT_TRUE(all_keys(client).empty());
  asker.attempt(key, new_owner());
  for (const std::size_t i : {2U, 0U, 1U}) {
    AttemptRequest back = asker.patient_request(key, with_ticket(waiters[i], 2));
    back.patience->arrived_at = arrivals[i];
    asker.attempt_answer(back);
  }
  const auto record = asker.inspect(key);
  ASSERT_EQ(record->waiters.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(record->waiters[i].owner, with_ticket(waiters[i], 2));
  }
  expect_ttl_everywhere(client);
}

}  // namespace
}  // namespace exclusive_lock::live
