// G6: who waits has a place in the queue, and nobody passes it.

#include "conformance/check.hpp"
#include "conformance/contended.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

void wait_on_a_free_lock_is_granted(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  const AttemptReply reply =
      requester.attempt({.key = key, .owner = owner, .wait_options = long_wait});
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
  ASSERT_TRUE(reply.remaining_ttl);
  EXPECT_GT(*reply.remaining_ttl, long_ttl / 2) << "the full ttl, not that of a hand-over";
  EXPECT_TRUE(queue_keys(store).empty());
  EXPECT_EQ(requester.heartbeat(key, owner).outcome, HeartbeatReplyStatus::granted);
}

void waiting_tells_how_long_the_holder_has(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = new_owner();
  const AttemptReply reply = lock.requester.attempt(lock.wish(waiter));
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
  ASSERT_TRUE(reply.remaining_ttl);
  EXPECT_GT(*reply.remaining_ttl, long_ttl / 2);
  EXPECT_LE(*reply.remaining_ttl, long_ttl);
  EXPECT_GT(reply.fence, Fence{}) << "the highest fence of the name";
  const HeartbeatReply heartbeat = lock.requester.heartbeat(lock.key, waiter);
  EXPECT_EQ(heartbeat.outcome, HeartbeatReplyStatus::waiting);
  ASSERT_TRUE(heartbeat.remaining_ttl);
  EXPECT_GT(*heartbeat.remaining_ttl, long_ttl / 2);
  EXPECT_LE(*heartbeat.remaining_ttl, long_ttl);
  EXPECT_EQ(heartbeat.store_time.has_value(), reply.store_time.has_value());
}

void nobody_barges_in(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  const auto barges = [&] {
    return lock.requester.attempt({.key = lock.key, .owner = new_owner()}).outcome;
  };
  EXPECT_EQ(barges(), AttemptReplyStatus::busy);
  store.erase(lock.key);
  EXPECT_EQ(barges(), AttemptReplyStatus::busy) << "it was free for a moment";
  EXPECT_EQ(lock.holder(), waiter);
  EXPECT_EQ(lock.requester.release(lock.key, waiter), ReleaseReplyStatus::released);
  EXPECT_EQ(barges(), AttemptReplyStatus::granted) << "nobody waits any more";
}

void nobody_barges_in_when_the_record_has_expired(StoreUnderTest& store) {
  for (const bool is_patient : {false, true}) {
    Contended lock(store);
    const Owner waiter = lock.joins();
    lock.expire();
    Wish barging = lock.wish(new_owner());
    barging.wait_options = is_patient ? barging.wait_options : std::nullopt;
    EXPECT_EQ(lock.requester.attempt(barging).outcome,
              is_patient ? AttemptReplyStatus::waiting : AttemptReplyStatus::busy);
    EXPECT_EQ(lock.holder(), waiter);
    lock.expect_served(is_patient ? std::vector{barging.owner} : std::vector<Owner>{});
  }
}

void served_in_order_of_arrival(StoreUnderTest& store) {
  Contended lock(store);
  std::vector<Owner> waiters;
  for (int i = 0; i < 7; ++i) {
    waiters.push_back(lock.joins());
  }
  lock.expect_served(waiters);
}

void served_in_order_over_two_connections(StoreUnderTest& store) {
  Contended lock(store);
  Requester other(store);
  std::vector<Owner> waiters;
  for (int i = 0; i < 7; ++i) {
    waiters.push_back(lock.joins(i % 3 == 0 ? lock.requester : other));
  }
  lock.expect_served(waiters);
}

void positions_move_up(StoreUnderTest& store) {
  Contended lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  const Owner third = lock.joins();
  const auto position = [&](const Owner& owner) {
    return lock.requester.heartbeat(lock.key, owner).position;
  };
  EXPECT_EQ(position(first), 1U);
  EXPECT_EQ(position(third), 3U);
  EXPECT_EQ(lock.requester.release(lock.key, second), ReleaseReplyStatus::left);
  EXPECT_EQ(position(first), 1U);
  EXPECT_EQ(position(third), 2U);
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
  EXPECT_EQ(position(third), 1U);
}

void same_attempt_again_keeps_one_entry(StoreUnderTest& store) {
  Contended lock(store);
  const Wish wish = lock.wish(new_owner());
  const AttemptReply once = lock.requester.attempt(wish);
  const Owner behind = lock.joins();
  const AttemptReply twice = lock.requester.attempt(wish);
  EXPECT_EQ(twice.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(twice.position, 1U);
  EXPECT_EQ(twice.arrived_at, once.arrived_at);
  EXPECT_EQ(lock.requester.inspect(lock.key)->waiting, 2U);
  lock.expect_served({wish.owner, behind});
}

void same_attempt_after_the_grant_is_granted(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
  const auto record = lock.requester.inspect(lock.key);
  const AttemptReply again = lock.requester.attempt(lock.wish(waiter));
  EXPECT_EQ(again.outcome, AttemptReplyStatus::granted);
  ASSERT_TRUE(record && again.remaining_ttl);
  EXPECT_EQ(again.fence, record_fence(record->value));
  EXPECT_LE(*again.remaining_ttl, short_confirm_ttl) << "the ttl is left as it is";
  lock.expect_served({});
}

void newer_ticket_keeps_its_place(StoreUnderTest& store) {
  Contended lock(store);
  const Owner old = new_owner();
  const AttemptReply once = lock.requester.attempt(lock.wish(old));
  const Owner behind = lock.joins();
  Wish newer = lock.wish(with_ticket(old, old.ticket + 1));
  newer.contents = "\"newer\"";
  const AttemptReply twice = lock.requester.attempt(newer);
  EXPECT_EQ(twice.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(twice.position, 1U);
  EXPECT_EQ(twice.arrived_at, once.arrived_at);
  EXPECT_EQ(lock.heartbeat(old), HeartbeatReplyStatus::gone) << "its entry is another ticket's now";
  EXPECT_EQ(lock.heartbeat(newer.owner), HeartbeatReplyStatus::waiting);
  EXPECT_EQ(lock.requester.inspect(lock.key)->waiting, 2U);
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
  const auto record = lock.requester.inspect(lock.key);
  ASSERT_TRUE(record);
  EXPECT_EQ(decode_record(record->value).contents->text(), newer.contents);
  EXPECT_EQ(lock.holder(), newer.owner);
  lock.expect_served({behind});
}

void overtaken_attempt_does_not_wait(StoreUnderTest& store) {
  Contended lock(store);
  const Owner newer = with_ticket(new_owner(), 0x1000000000);
  ASSERT_EQ(lock.requester.attempt(lock.wish(newer)).outcome, AttemptReplyStatus::waiting);
  for (const Ticket ticket : {newer.ticket - 1, Ticket{2}, Ticket{0xffffffff}}) {
    Wish older = lock.wish(with_ticket(newer, ticket));
    EXPECT_EQ(lock.requester.attempt(older).outcome, AttemptReplyStatus::superseded);
    // A try need not look at the queue when somebody holds the lock.
    older.wait_options.reset();
    const AttemptReplyStatus tried = lock.requester.attempt(older).outcome;
    EXPECT_TRUE(tried == AttemptReplyStatus::superseded || tried == AttemptReplyStatus::busy)
        << tried;
    EXPECT_EQ(lock.heartbeat(older.owner), HeartbeatReplyStatus::gone);
  }
  EXPECT_EQ(lock.heartbeat(newer), HeartbeatReplyStatus::waiting);
  lock.expect_served({newer});
}

// What a waiter does whose entry is gone: a new ticket, with the arrival that it was told before.
void arrival_given_back_keeps_its_place(StoreUnderTest& store) {
  Contended lock(store);
  const Owner old = new_owner();
  const AttemptReply once = lock.requester.attempt(lock.wish(old));
  const Owner second = lock.joins();
  EXPECT_EQ(lock.requester.release(lock.key, old), ReleaseReplyStatus::left);
  const Owner third = lock.joins();
  Wish back = lock.wish(with_ticket(old, old.ticket + 1));
  back.wait_options->arrived_at = once.arrived_at;
  const AttemptReply twice = lock.requester.attempt(back);
  EXPECT_EQ(twice.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(twice.position, 1U);
  EXPECT_EQ(twice.arrived_at, once.arrived_at);
  lock.expect_served({back.owner, second, third});
}

// No store tells such an arrival.
void arrival_that_nobody_has_is_none(StoreUnderTest& store) {
  Contended lock(store);
  std::vector<Owner> in_order{lock.joins()};
  for (const StoreTime none : {StoreTime(0), StoreTime(-1), StoreTime::min()}) {
    Wish wish = lock.wish(new_owner());
    wish.wait_options->arrived_at = none;
    const AttemptReply reply = lock.requester.attempt(wish);
    EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
    in_order.push_back(wish.owner);
    EXPECT_EQ(reply.position, in_order.size()) << none.count();
  }
  Wish beyond = lock.wish(new_owner());
  beyond.wait_options->arrived_at = StoreTime::max();
  const AttemptReply reply = lock.requester.attempt(beyond);
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
  ASSERT_TRUE(reply.arrived_at);
  EXPECT_LE(*reply.arrived_at, last_arrival);
  in_order.push_back(beyond.owner);
  lock.expect_served(in_order);
}

void full_queue_takes_nobody_else(StoreUnderTest& store) {
  Contended lock(store);
  WaitOptions wait_options = long_wait;
  wait_options.max_waiting = 2;
  const Owner one = lock.joins(lock.requester, wait_options);
  const Owner two = lock.joins(lock.requester, wait_options);
  const Owner three = new_owner();
  const AttemptReply refused = lock.requester.attempt(lock.wish(three, wait_options));
  EXPECT_EQ(refused.outcome, AttemptReplyStatus::queue_full);
  EXPECT_EQ(lock.requester.inspect(lock.key)->waiting, 2U);
  EXPECT_EQ(lock.heartbeat(three), HeartbeatReplyStatus::gone);
  const Owner newer = with_ticket(one, one.ticket + 1);
  for (const Owner& own : {one, newer, two}) {
    EXPECT_EQ(lock.requester.attempt(lock.wish(own, wait_options)).outcome,
              AttemptReplyStatus::waiting)
        << "who waits already is never refused";
  }
  EXPECT_EQ(lock.requester.release(lock.key, two), ReleaseReplyStatus::left);
  EXPECT_EQ(lock.requester.attempt(lock.wish(three, wait_options)).outcome,
            AttemptReplyStatus::waiting);
  lock.expect_served({newer, three});
}

void too_late_makes_no_entry(StoreUnderTest& store) {
  Contended lock(store);
  Wish late = lock.wish(new_owner());
  late.not_after = store.clock().now() - 5s;
  EXPECT_EQ(lock.requester.attempt(late).outcome, AttemptReplyStatus::too_late);
  EXPECT_EQ(lock.heartbeat(late.owner), HeartbeatReplyStatus::gone);
  lock.expect_served({});
}

}  // namespace

Checks queue_checks() {
  return {{"WaitOnAFreeLockIsGranted", wait_on_a_free_lock_is_granted},
          {"WaitingTellsHowLongTheHolderHas", waiting_tells_how_long_the_holder_has},
          {"NobodyBargesIn", nobody_barges_in},
          {"NobodyBargesInWhenTheRecordHasExpired", nobody_barges_in_when_the_record_has_expired},
          {"WaitersAreServedInOrderOfArrival", served_in_order_of_arrival},
          {"WaitersAreServedInOrderOverTwoConnections", served_in_order_over_two_connections},
          {"WaitersMoveUp", positions_move_up},
          {"SameAttemptAgainKeepsOneEntry", same_attempt_again_keeps_one_entry},
          {"SameAttemptAfterTheGrantIsGranted", same_attempt_after_the_grant_is_granted},
          {"NewerTicketKeepsItsPlace", newer_ticket_keeps_its_place},
          {"OvertakenAttemptDoesNotWait", overtaken_attempt_does_not_wait},
          {"ArrivalGivenBackKeepsItsPlace", arrival_given_back_keeps_its_place},
          {"ArrivalThatNobodyHasIsNone", arrival_that_nobody_has_is_none},
          {"FullQueueTakesNobodyElse", full_queue_takes_nobody_else},
          {"TooLateMakesNoEntry", too_late_makes_no_entry}};
}

}  // namespace exclusive_lock::conformance
