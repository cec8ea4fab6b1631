// G6: who waits has a place in the queue, and nobody passes it.

#include "conformance/check.hpp"
#include "conformance/contended.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

void patience_on_a_free_lock_is_granted(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  const AttemptReply reply = asker.attempt({.key = key, .owner = owner, .patience = long_patience});
  EXPECT_EQ(reply.outcome, AttemptOutcome::granted);
  ASSERT_TRUE(reply.remaining_ttl);
  EXPECT_GT(*reply.remaining_ttl, long_ttl / 2) << "the full ttl, not that of a hand-over";
  EXPECT_TRUE(queue_keys(store).empty());
  EXPECT_EQ(asker.beat(key, owner).outcome, BeatOutcome::granted);
}

void waiting_tells_how_long_the_holder_has(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = new_owner();
  const AttemptReply reply = lock.asker.attempt(lock.wish(waiter));
  EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
  ASSERT_TRUE(reply.remaining_ttl);
  EXPECT_GT(*reply.remaining_ttl, long_ttl / 2);
  EXPECT_LE(*reply.remaining_ttl, long_ttl);
  EXPECT_GT(reply.fence, Fence{}) << "the highest fence of the name";
  const BeatReply beat = lock.asker.beat(lock.key, waiter);
  EXPECT_EQ(beat.outcome, BeatOutcome::waiting);
  ASSERT_TRUE(beat.remaining_ttl);
  EXPECT_GT(*beat.remaining_ttl, long_ttl / 2);
  EXPECT_LE(*beat.remaining_ttl, long_ttl);
  EXPECT_EQ(beat.store_time.has_value(), reply.store_time.has_value());
}

void nobody_barges_in(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  const auto barges = [&] {
    return lock.asker.attempt({.key = lock.key, .owner = new_owner()}).outcome;
  };
  EXPECT_EQ(barges(), AttemptOutcome::busy);
  store.erase(lock.key);
  EXPECT_EQ(barges(), AttemptOutcome::busy) << "it was free for a moment";
  EXPECT_EQ(lock.holder(), waiter);
  EXPECT_EQ(lock.asker.release(lock.key, waiter), ReleaseVerdict::released);
  EXPECT_EQ(barges(), AttemptOutcome::granted) << "nobody waits any more";
}

void nobody_barges_in_when_the_record_has_expired(StoreUnderTest& store) {
  for (const bool is_patient : {false, true}) {
    Contended lock(store);
    const Owner waiter = lock.joins();
    lock.expire();
    Wish barging = lock.wish(new_owner());
    barging.patience = is_patient ? barging.patience : std::nullopt;
    EXPECT_EQ(lock.asker.attempt(barging).outcome,
              is_patient ? AttemptOutcome::waiting : AttemptOutcome::busy);
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
  Asker other(store);
  std::vector<Owner> waiters;
  for (int i = 0; i < 7; ++i) {
    waiters.push_back(lock.joins(i % 3 == 0 ? lock.asker : other));
  }
  lock.expect_served(waiters);
}

void positions_move_up(StoreUnderTest& store) {
  Contended lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  const Owner third = lock.joins();
  const auto position = [&](const Owner& owner) {
    return lock.asker.beat(lock.key, owner).position;
  };
  EXPECT_EQ(position(first), 1U);
  EXPECT_EQ(position(third), 3U);
  EXPECT_EQ(lock.asker.release(lock.key, second), ReleaseVerdict::left);
  EXPECT_EQ(position(first), 1U);
  EXPECT_EQ(position(third), 2U);
  EXPECT_EQ(lock.asker.release(lock.key, lock.first), ReleaseVerdict::released);
  EXPECT_EQ(position(third), 1U);
}

void same_attempt_again_keeps_one_entry(StoreUnderTest& store) {
  Contended lock(store);
  const Wish wish = lock.wish(new_owner());
  const AttemptReply once = lock.asker.attempt(wish);
  const Owner behind = lock.joins();
  const AttemptReply twice = lock.asker.attempt(wish);
  EXPECT_EQ(twice.outcome, AttemptOutcome::waiting);
  EXPECT_EQ(twice.position, 1U);
  EXPECT_EQ(twice.arrived_at, once.arrived_at);
  EXPECT_EQ(lock.asker.inspect(lock.key)->waiting, 2U);
  lock.expect_served({wish.owner, behind});
}

void same_attempt_after_the_grant_is_granted(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(lock.asker.release(lock.key, lock.first), ReleaseVerdict::released);
  const auto record = lock.asker.inspect(lock.key);
  const AttemptReply again = lock.asker.attempt(lock.wish(waiter));
  EXPECT_EQ(again.outcome, AttemptOutcome::granted);
  ASSERT_TRUE(record && again.remaining_ttl);
  EXPECT_EQ(again.fence, record_fence(record->value));
  EXPECT_LE(*again.remaining_ttl, short_confirm_ttl) << "the ttl is left as it is";
  lock.expect_served({});
}

void newer_ticket_keeps_its_place(StoreUnderTest& store) {
  Contended lock(store);
  const Owner old = new_owner();
  const AttemptReply once = lock.asker.attempt(lock.wish(old));
  const Owner behind = lock.joins();
  Wish newer = lock.wish(with_ticket(old, old.ticket + 1));
  newer.contents = "\"newer\"";
  const AttemptReply twice = lock.asker.attempt(newer);
  EXPECT_EQ(twice.outcome, AttemptOutcome::waiting);
  EXPECT_EQ(twice.position, 1U);
  EXPECT_EQ(twice.arrived_at, once.arrived_at);
  EXPECT_EQ(lock.beat(old), BeatOutcome::gone) << "its entry is another ticket's now";
  EXPECT_EQ(lock.beat(newer.owner), BeatOutcome::waiting);
  EXPECT_EQ(lock.asker.inspect(lock.key)->waiting, 2U);
  EXPECT_EQ(lock.asker.release(lock.key, lock.first), ReleaseVerdict::released);
  const auto record = lock.asker.inspect(lock.key);
  ASSERT_TRUE(record);
  EXPECT_EQ(decode_record(record->value).contents->text(), newer.contents);
  EXPECT_EQ(lock.holder(), newer.owner);
  lock.expect_served({behind});
}

void overtaken_attempt_does_not_wait(StoreUnderTest& store) {
  Contended lock(store);
  const Owner newer = with_ticket(new_owner(), 0x1000000000);
  ASSERT_EQ(lock.asker.attempt(lock.wish(newer)).outcome, AttemptOutcome::waiting);
  for (const Ticket ticket : {newer.ticket - 1, Ticket{2}, Ticket{0xffffffff}}) {
    Wish older = lock.wish(with_ticket(newer, ticket));
    EXPECT_EQ(lock.asker.attempt(older).outcome, AttemptOutcome::superseded);
    // A try need not look at the queue when somebody holds the lock.
    older.patience.reset();
    const AttemptOutcome tried = lock.asker.attempt(older).outcome;
    EXPECT_TRUE(tried == AttemptOutcome::superseded || tried == AttemptOutcome::busy) << tried;
    EXPECT_EQ(lock.beat(older.owner), BeatOutcome::gone);
  }
  EXPECT_EQ(lock.beat(newer), BeatOutcome::waiting);
  lock.expect_served({newer});
}

// What a waiter does whose entry is gone: a new ticket, with the arrival that it was told before.
void arrival_given_back_keeps_its_place(StoreUnderTest& store) {
  Contended lock(store);
  const Owner old = new_owner();
  const AttemptReply once = lock.asker.attempt(lock.wish(old));
  const Owner second = lock.joins();
  EXPECT_EQ(lock.asker.release(lock.key, old), ReleaseVerdict::left);
  const Owner third = lock.joins();
  Wish back = lock.wish(with_ticket(old, old.ticket + 1));
  back.patience->arrived_at = once.arrived_at;
  const AttemptReply twice = lock.asker.attempt(back);
  EXPECT_EQ(twice.outcome, AttemptOutcome::waiting);
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
    wish.patience->arrived_at = none;
    const AttemptReply reply = lock.asker.attempt(wish);
    EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
    in_order.push_back(wish.owner);
    EXPECT_EQ(reply.position, in_order.size()) << none.count();
  }
  Wish beyond = lock.wish(new_owner());
  beyond.patience->arrived_at = StoreTime::max();
  const AttemptReply reply = lock.asker.attempt(beyond);
  EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
  ASSERT_TRUE(reply.arrived_at);
  EXPECT_LE(*reply.arrived_at, last_arrival);
  in_order.push_back(beyond.owner);
  lock.expect_served(in_order);
}

void full_queue_takes_nobody_else(StoreUnderTest& store) {
  Contended lock(store);
  Patience patience = long_patience;
  patience.most_waiting = 2;
  const Owner one = lock.joins(lock.asker, patience);
  const Owner two = lock.joins(lock.asker, patience);
  const Owner three = new_owner();
  const AttemptReply refused = lock.asker.attempt(lock.wish(three, patience));
  EXPECT_EQ(refused.outcome, AttemptOutcome::queue_full);
  EXPECT_EQ(lock.asker.inspect(lock.key)->waiting, 2U);
  EXPECT_EQ(lock.beat(three), BeatOutcome::gone);
  const Owner newer = with_ticket(one, one.ticket + 1);
  for (const Owner& own : {one, newer, two}) {
    EXPECT_EQ(lock.asker.attempt(lock.wish(own, patience)).outcome, AttemptOutcome::waiting)
        << "who waits already is never refused";
  }
  EXPECT_EQ(lock.asker.release(lock.key, two), ReleaseVerdict::left);
  EXPECT_EQ(lock.asker.attempt(lock.wish(three, patience)).outcome, AttemptOutcome::waiting);
  lock.expect_served({newer, three});
}

void too_late_makes_no_entry(StoreUnderTest& store) {
  Contended lock(store);
  Wish late = lock.wish(new_owner());
  late.not_after = store.clock().now() - 5s;
  EXPECT_EQ(lock.asker.attempt(late).outcome, AttemptOutcome::too_late);
  EXPECT_EQ(lock.beat(late.owner), BeatOutcome::gone);
  lock.expect_served({});
}

}  // namespace

Checks queue_checks() {
  return {{"PatienceOnAFreeLockIsGranted", patience_on_a_free_lock_is_granted},
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
