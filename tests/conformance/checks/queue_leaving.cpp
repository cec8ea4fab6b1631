// G3, G4, G6, G8: how waiters leave the queue, by giving up, by dying or with all data, and what is
// left.

#include <algorithm>

#include "conformance/check.hpp"
#include "conformance/contended.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

constexpr WaitOptions dies_at_once{.alive_for = 1ms, .confirm_ttl = short_confirm_ttl};

void heartbeat_never_makes_an_entry(StoreUnderTest& store) {
  Contended lock(store);
  const Owner nobody = new_owner();
  EXPECT_EQ(lock.heartbeat(nobody), HeartbeatReplyStatus::gone);
  EXPECT_EQ(lock.heartbeat(nobody), HeartbeatReplyStatus::gone);
  const Owner left = lock.joins();
  EXPECT_EQ(lock.requester.release(lock.key, left), ReleaseReplyStatus::left);
  EXPECT_EQ(lock.heartbeat(left), HeartbeatReplyStatus::gone);
  EXPECT_EQ(lock.requester.inspect(lock.key)->waiting, 0U);
  lock.expect_served({});
  EXPECT_EQ(lock.heartbeat(nobody), HeartbeatReplyStatus::gone) << "nor takes what is free";
  EXPECT_FALSE(lock.requester.inspect(lock.key));
}

void release_of_a_waiter_leaves_the_queue(StoreUnderTest& store) {
  Contended lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  EXPECT_EQ(lock.requester.release(lock.key, first), ReleaseReplyStatus::left);
  EXPECT_EQ(lock.requester.release(lock.key, first), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(lock.holder(), lock.first);
  lock.expect_served({second});
}

void release_of_a_newer_ticket_takes_the_entry_along(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(lock.requester.release(lock.key, with_ticket(waiter, waiter.ticket + 1)),
            ReleaseReplyStatus::left);
  lock.expect_served({});
}

void release_of_an_older_ticket_spares_the_entry(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = with_ticket(new_owner(), 10);
  ASSERT_EQ(lock.requester.attempt(lock.wish(waiter)).outcome, AttemptReplyStatus::waiting);
  for (const Ticket older : {9, 1}) {
    EXPECT_EQ(lock.requester.release(lock.key, with_ticket(waiter, older)),
              ReleaseReplyStatus::not_owner);
  }
  EXPECT_EQ(lock.heartbeat(waiter), HeartbeatReplyStatus::waiting);
  lock.expect_served({waiter});
}

void nobody_elses_entry_is_touched(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  Owner other = waiter;
  other.id[15] ^= 1;  // one bit is another object
  other.ticket += 1;
  EXPECT_EQ(lock.requester.release(lock.key, other), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(lock.heartbeat(other), HeartbeatReplyStatus::gone);
  EXPECT_EQ(lock.requester.refresh(lock.key, other), RefreshReplyStatus::lost);
  EXPECT_EQ(lock.holder(), lock.first);
  EXPECT_EQ(lock.heartbeat(waiter), HeartbeatReplyStatus::waiting);
  EXPECT_EQ(lock.requester.attempt(lock.wish(other)).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(lock.heartbeat(waiter), HeartbeatReplyStatus::waiting);
  lock.expect_served({waiter, other});
}

// A grant that crossed the giving up.
void what_is_given_back_is_handed_on(StoreUnderTest& store) {
  Contended lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  lock.expire();
  EXPECT_NE(lock.requester.release(lock.key, first), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(lock.heartbeat(first), HeartbeatReplyStatus::gone);
  EXPECT_EQ(lock.heartbeat(second), HeartbeatReplyStatus::granted);
  lock.expect_served({});
}

void dead_waiter_is_skipped(StoreUnderTest& store) {
  Contended lock(store);
  const Owner first = lock.joins();
  const Owner dead = lock.joins(lock.requester, dies_at_once);
  const Owner last = lock.joins();
  store.pass(10ms);
  lock.expect_served({first, last});
  EXPECT_EQ(lock.heartbeat(dead), HeartbeatReplyStatus::gone);
}

void heartbeat_keeps_a_waiter_alive(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins(lock.requester, dies_at_once);
  EXPECT_EQ(lock.heartbeat(waiter), HeartbeatReplyStatus::waiting)
      << "nobody has advanced the queue yet";
  store.pass(10ms);
  lock.expect_served({waiter});
}

// One call looks at a bounded number of entries, so a crowd of dead ones takes several calls: none
// of them may let anybody in before the one that is alive.
void many_dead_waiters_do_not_stop_the_queue(StoreUnderTest& store) {
  Contended lock(store);
  constexpr int dead = 40;
  for (int i = 0; i < dead; ++i) {
    EXPECT_EQ(lock.requester.attempt(lock.wish(new_owner(), dies_at_once)).outcome,
              AttemptReplyStatus::waiting);
  }
  const Owner alive = lock.joins();
  store.pass(10ms);
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
  EXPECT_EQ(lock.requester.attempt({.key = lock.key, .owner = new_owner()}).outcome,
            AttemptReplyStatus::busy)
      << "somebody waits";
  int heartbeats = 1;
  for (; heartbeats < dead / 16 + 2; ++heartbeats) {
    const HeartbeatReply reply = lock.requester.heartbeat(lock.key, alive);
    if (reply.outcome == HeartbeatReplyStatus::granted) {
      break;
    }
    ASSERT_EQ(reply.outcome, HeartbeatReplyStatus::waiting);
  }
  EXPECT_EQ(lock.holder(), alive) << "after " << heartbeats << " heartbeats";
  lock.expect_served({});
}

// Such as a crashing standby leaves behind while the one in front of it waits for months.
void dead_waiters_do_not_keep_a_queue_full(StoreUnderTest& store) {
  Contended lock(store);
  constexpr int crowd = 20;
  WaitOptions wait_options = long_wait;
  wait_options.max_waiting = 3 * crowd;
  std::vector<Owner> alive;
  for (int i = 0; i < 3 * crowd; ++i) {
    const bool dies = i / crowd == 1;
    const Owner owner = lock.joins(lock.requester, dies ? dies_at_once : wait_options);
    if (!dies) {
      alive.push_back(owner);
    }
  }
  store.pass(10ms);
  for (int i = 0; i < crowd; ++i) {
    const Wish wish = lock.wish(new_owner(), wait_options);
    ASSERT_TRUE(eventually(
        store, 10s,
        [&] { return lock.requester.attempt(wish).outcome == AttemptReplyStatus::waiting; }))
        << i << " came in";
    alive.push_back(wish.owner);
  }
  EXPECT_EQ(lock.requester.inspect(lock.key)->waiting, 3U * crowd);
  EXPECT_EQ(lock.requester.attempt(lock.wish(new_owner(), wait_options)).outcome,
            AttemptReplyStatus::queue_full);
  EXPECT_EQ(lock.requester.attempt(lock.wish(alive.back(), wait_options)).position, 3U * crowd);
  lock.expect_served(alive);
}

void stranger_in_the_way_is_waited_for(StoreUnderTest& store) {
  for (const bool is_for_ever : {true, false}) {
    Contended lock(store);
    const Owner first = lock.joins();
    const auto ttl = is_for_ever ? std::nullopt : std::optional(50ms);
    store.plant(lock.key, "1", ttl);
    if (is_for_ever) {
      const AttemptReply second = lock.requester.attempt(lock.wish(new_owner()));
      EXPECT_EQ(second.outcome, AttemptReplyStatus::waiting);
      EXPECT_FALSE(second.remaining_ttl);
      EXPECT_FALSE(lock.requester.heartbeat(lock.key, first).remaining_ttl);
      EXPECT_EQ(lock.requester.inspect(lock.key)->value, "1");
      store.erase(lock.key);
      EXPECT_EQ(lock.heartbeat(first), HeartbeatReplyStatus::granted);
      store.wipe();
    } else {
      EXPECT_TRUE(eventually(
          store, 10s, [&] { return lock.heartbeat(first) == HeartbeatReplyStatus::granted; }));
      lock.expect_served({});
    }
  }
}

void wiped_queue_is_gone(StoreUnderTest& store) {
  Contended lock(store);
  const Owner old = new_owner();
  const AttemptReply before = lock.requester.attempt(lock.wish(old));
  const Owner second = lock.joins();
  store.wipe();
  EXPECT_TRUE(queue_keys(store).empty());
  EXPECT_EQ(lock.heartbeat(second), HeartbeatReplyStatus::gone);
  EXPECT_EQ(lock.heartbeat(old), HeartbeatReplyStatus::gone);
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::not_owner);
  // They come back in any order, and others, who came later, are there already.
  store.pass(1ms);
  const Owner quick = new_owner();
  ASSERT_EQ(lock.requester.attempt({.key = lock.key, .owner = quick}).outcome,
            AttemptReplyStatus::granted);
  const Owner behind = lock.joins();
  Wish back = lock.wish(with_ticket(old, old.ticket + 1));
  back.wait_options->arrived_at = before.arrived_at;
  const AttemptReply after = lock.requester.attempt(back);
  EXPECT_EQ(after.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(after.position, 1U);
  lock.expect_served({back.owner, behind});
}

void nothing_is_left_of_the_queue(StoreUnderTest& store) {
  Contended lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  const auto keys = queue_keys(store);
  EXPECT_FALSE(keys.empty());
  for (const StoredRecord& key : keys) {
    ASSERT_TRUE(key.remaining_ttl) << key.key << " stays for ever";
    EXPECT_LE(*key.remaining_ttl, 60s) << key.key;
  }
  EXPECT_EQ(lock.requester.release(lock.key, second), ReleaseReplyStatus::left);
  EXPECT_FALSE(queue_keys(store).empty());
  EXPECT_EQ(lock.requester.release(lock.key, first), ReleaseReplyStatus::left);
  EXPECT_TRUE(queue_keys(store).empty()) << "the last has left";
  const Owner dead = lock.joins(lock.requester, dies_at_once);
  store.pass(10ms);
  lock.expect_served({});
  EXPECT_EQ(lock.heartbeat(dead), HeartbeatReplyStatus::gone);
  EXPECT_TRUE(queue_keys(store).empty());
}

}  // namespace

Checks queue_leaving_checks() {
  return {
      {"HeartbeatNeverMakesAnEntry", heartbeat_never_makes_an_entry},
      {"ReleaseOfAWaiterLeavesTheQueue", release_of_a_waiter_leaves_the_queue},
      {"ReleaseOfANewerTicketTakesTheEntryAlong", release_of_a_newer_ticket_takes_the_entry_along},
      {"ReleaseOfAnOlderTicketSparesTheEntry", release_of_an_older_ticket_spares_the_entry},
      {"NobodyElsesEntryIsTouched", nobody_elses_entry_is_touched},
      {"WhatIsGivenBackIsHandedOn", what_is_given_back_is_handed_on},
      {"DeadWaiterIsSkipped", dead_waiter_is_skipped},
      {"HeartbeatKeepsAWaiterAlive", heartbeat_keeps_a_waiter_alive},
      {"ManyDeadWaitersDoNotStopTheQueue", many_dead_waiters_do_not_stop_the_queue},
      {"DeadWaitersDoNotKeepAQueueFull", dead_waiters_do_not_keep_a_queue_full},
      {"StrangerInTheWayIsWaitedFor", stranger_in_the_way_is_waited_for},
      {"WipedQueueIsGone", wiped_queue_is_gone},
      {"NothingIsLeftOfTheQueue", nothing_is_left_of_the_queue}};
}

}  // namespace exclusive_lock::conformance
