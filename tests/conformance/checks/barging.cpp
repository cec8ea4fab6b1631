// G6 with barging (docs/decisions/0011-barging.md): so many grants in a row may go past those who
// wait, and no more.

#include "conformance/check.hpp"
#include "conformance/contended.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

constexpr WaitOptions dies_soon{.alive_for = 1ms, .confirm_ttl = short_confirm_ttl};

// A lock for which others wait, and those that may go past them.
class Barged : public Contended {
 public:
  using Contended::Contended;

  [[nodiscard]] Wish barging_wish(std::size_t pass_count) const {
    return {.key = key, .owner = new_owner(), .barging_limit = pass_count};
  }
  // What somebody new is told that tries to go past the others.
  AttemptReply barges(std::size_t pass_count) {
    const Wish wish = barging_wish(pass_count);
    last_barger = wish.owner;
    return requester.attempt(wish);
  }
  // Its holder lets it go, free for whoever comes.
  void leaves_free(std::size_t pass_count) {
    const auto holding = holder();
    ASSERT_TRUE(holding) << "nobody holds the lock";
    EXPECT_EQ(requester.release(key, *holding, pass_count), ReleaseReplyStatus::released);
    EXPECT_FALSE(holder()) << "it was handed over";
  }
  void expect_gone_past(std::size_t pass_count, int times) {
    for (int i = 0; i < times; ++i) {
      leaves_free(pass_count);
      EXPECT_EQ(barges(pass_count).outcome, AttemptReplyStatus::granted) << i << " have gone past";
      EXPECT_EQ(holder(), last_barger);
    }
  }
  // At once, in the release of its holder.
  void expect_handed_to(const Owner& next, std::size_t pass_count) {
    const auto holding = holder();
    ASSERT_TRUE(holding) << "nobody holds the lock";
    EXPECT_EQ(requester.release(key, *holding, pass_count), ReleaseReplyStatus::released);
    EXPECT_EQ(holder(), next);
  }

  Owner last_barger;
};

void what_is_left_free_goes_to_whoever_barges(StoreUnderTest& store) {
  Barged lock(store);
  const Owner waiter = lock.joins();
  const auto before = lock.requester.inspect(lock.key);
  lock.leaves_free(2);
  const Wish wish = lock.barging_wish(2);
  const AttemptReply reply = lock.requester.attempt(wish);
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
  ASSERT_TRUE(before && reply.remaining_ttl);
  EXPECT_GT(reply.fence, record_fence(before->value));
  EXPECT_GT(*reply.remaining_ttl, long_ttl / 2) << "the full ttl, not that of a hand-over";
  EXPECT_EQ(lock.holder(), wish.owner);
  const HeartbeatReply heartbeat = lock.requester.heartbeat(lock.key, waiter);
  EXPECT_EQ(heartbeat.outcome, HeartbeatReplyStatus::waiting) << "it keeps its place";
  EXPECT_EQ(heartbeat.position, 1U);
  lock.expect_served({waiter});
}

void streak_is_counted_for_whoever_is_first(StoreUnderTest& store) {
  Barged lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  lock.expect_gone_past(3, 3);
  lock.expect_handed_to(first, 3);
  lock.expect_gone_past(3, 3);
  lock.expect_handed_to(second, 3);
  lock.expect_served({});
}

// Whoever allows more leaves it free, and whoever allows less does not take it.
void attempt_keeps_to_its_own_streak(StoreUnderTest& store) {
  for (const bool is_patient : {false, true}) {
    Barged lock(store);
    const Owner waiter = lock.joins();
    lock.expect_gone_past(2, 2);
    lock.leaves_free(9);
    Wish wish = lock.barging_wish(2);
    wish.wait_options = is_patient ? std::optional(long_wait) : std::nullopt;
    EXPECT_EQ(lock.requester.attempt(wish).outcome,
              is_patient ? AttemptReplyStatus::waiting : AttemptReplyStatus::busy);
    EXPECT_EQ(lock.holder(), waiter) << "its turn has come";
    lock.expect_served(is_patient ? std::vector{wish.owner} : std::vector<Owner>{});
  }
}

void patient_attempt_barges_too(StoreUnderTest& store) {
  Barged lock(store);
  const Owner waiter = lock.joins();
  lock.leaves_free(1);
  Wish wish = lock.barging_wish(1);
  wish.wait_options = long_wait;
  EXPECT_EQ(lock.requester.attempt(wish).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(lock.requester.inspect(lock.key)->waiting, 1U);
  lock.expect_handed_to(waiter, 1);
  lock.expect_served({});
}

void lock_of_a_dead_holder_can_be_barged(StoreUnderTest& store) {
  Barged lock(store);
  const Owner waiter = lock.joins();
  lock.expire();
  EXPECT_EQ(lock.barges(1).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(lock.holder(), lock.last_barger);
  lock.expect_handed_to(waiter, 1);
  lock.expect_served({});
}

void fair_objects_go_past_nobody(StoreUnderTest& store) {
  for (const bool is_patient : {false, true}) {
    Barged lock(store);
    const Owner waiter = lock.joins();
    lock.leaves_free(5);
    Wish fair = lock.barging_wish(0);
    fair.wait_options = is_patient ? std::optional(long_wait) : std::nullopt;
    EXPECT_EQ(lock.requester.attempt(fair).outcome,
              is_patient ? AttemptReplyStatus::waiting : AttemptReplyStatus::busy);
    EXPECT_EQ(lock.holder(), waiter) << "whoever comes hands it over";
    lock.expect_served(is_patient ? std::vector{fair.owner} : std::vector<Owner>{});
  }
}

void fair_release_hands_over_whatever_the_streak(StoreUnderTest& store) {
  Barged lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  lock.expect_gone_past(5, 1);
  lock.expect_handed_to(first, 0);
  lock.expect_gone_past(5, 5);
  lock.expect_handed_to(second, 5);
  lock.expect_served({});
}

// An object has a record or an entry, never both.
void who_waits_goes_past_nobody(StoreUnderTest& store) {
  Barged lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  lock.leaves_free(5);
  Wish again = lock.wish(with_ticket(second, second.ticket + 1));
  again.barging_limit = 5;
  EXPECT_EQ(lock.requester.attempt(again).outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(lock.holder(), first);
  lock.leaves_free(5);
  EXPECT_EQ(lock.requester.attempt(again).outcome, AttemptReplyStatus::granted) << "by a hand-over";
  EXPECT_LE(*lock.requester.inspect(lock.key)->remaining_ttl, short_confirm_ttl);
  lock.expect_served({});
}

void same_attempt_again_counts_once(StoreUnderTest& store) {
  Barged lock(store);
  const Owner waiter = lock.joins();
  lock.leaves_free(2);
  const Wish wish = lock.barging_wish(2);
  const AttemptReply once = lock.requester.attempt(wish);
  const AttemptReply twice = lock.requester.attempt(wish);
  EXPECT_EQ(twice.outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(twice.fence, once.fence);
  lock.expect_gone_past(2, 1);
  lock.expect_handed_to(waiter, 2);
  lock.expect_served({});
}

void too_late_goes_past_nobody(StoreUnderTest& store) {
  Barged lock(store);
  const Owner waiter = lock.joins();
  lock.leaves_free(1);
  Wish late = lock.barging_wish(1);
  late.not_after = store.clock().now() - 5s;
  EXPECT_EQ(lock.requester.attempt(late).outcome, AttemptReplyStatus::too_late);
  EXPECT_FALSE(lock.holder());
  EXPECT_EQ(lock.barges(1).outcome, AttemptReplyStatus::granted) << "nor did it count";
  lock.expect_handed_to(waiter, 1);
  lock.expect_served({});
}

void first_in_line_is_woken_and_gets_what_nobody_takes(StoreUnderTest& store) {
  Barged lock(store);
  Requester one(store);
  Requester two(store);
  const auto pushed_to_one = one.listen();
  const auto pushed_to_two = two.listen();
  ASSERT_TRUE(is_pushed_to(store, one) && is_pushed_to(store, two)) << "no right to subscribe?";
  const Owner first = lock.joins(one);
  const Owner second = lock.joins(two);
  lock.leaves_free(1);
  ASSERT_TRUE(pushed_to_one->wait_for(first)) << "no wake-up";
  EXPECT_EQ(one.heartbeat(lock.key, first).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(lock.holder(), first);
  EXPECT_EQ(two.heartbeat(lock.key, second).outcome, HeartbeatReplyStatus::waiting);
  EXPECT_TRUE(pushed_to_two->all().empty()) << "the second one was woken too";
  lock.expect_handed_to(second, 0);
  EXPECT_TRUE(pushed_to_two->wait_for(second));
  lock.expect_served({});
}

void dead_waiter_is_not_woken(StoreUnderTest& store) {
  Barged lock(store);
  Requester requester(store);
  const auto pushed = requester.listen();
  ASSERT_TRUE(is_pushed_to(store, requester)) << "no right to subscribe?";
  const Owner dead = lock.joins(requester, dies_soon);
  const Owner alive = lock.joins(requester);
  store.pass(10ms);
  lock.leaves_free(1);
  ASSERT_TRUE(pushed->wait_for(alive)) << "no wake-up";
  EXPECT_EQ(pushed->all().size(), 1U);
  EXPECT_EQ(lock.heartbeat(dead), HeartbeatReplyStatus::gone);
  EXPECT_EQ(lock.heartbeat(alive), HeartbeatReplyStatus::granted);
  lock.expect_served({});
}

// One call takes away so many dead ones at most; what has gone past those behind them still counts.
void streak_goes_on_behind_the_dead(StoreUnderTest& store) {
  Barged lock(store);
  for (int i = 0; i < 20; ++i) {
    lock.joins(lock.requester, dies_soon);
  }
  const Owner alive = lock.joins();
  store.pass(10ms);
  store.erase(lock.key);
  EXPECT_EQ(lock.barges(1).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(lock.requester.release(lock.key, lock.last_barger), ReleaseReplyStatus::released);
  EXPECT_FALSE(lock.holder()) << "it came past the dead in one call?";
  EXPECT_EQ(lock.barges(1).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(lock.holder(), alive);
  lock.expect_served({});
}

void crowd_of_dead_ones_is_gone_past(StoreUnderTest& store) {
  Barged lock(store);
  for (int i = 0; i < 20; ++i) {
    lock.joins(lock.requester, dies_soon);
  }
  const Owner alive = lock.joins();
  store.pass(10ms);
  lock.expect_gone_past(2, 2);
  lock.expect_handed_to(alive, 2);
  lock.expect_served({});
}

void nothing_is_left_of_a_streak(StoreUnderTest& store) {
  using Ends = std::function<void(Barged&, const Owner&)>;
  const std::vector<std::pair<std::string, Ends>> all{
      {"a hand-over", [](Barged& lock, const Owner& waiter) { lock.expect_handed_to(waiter, 0); }},
      {"a heartbeat",
       [](Barged& lock, const Owner& waiter) {
         lock.leaves_free(9);
         EXPECT_EQ(lock.heartbeat(waiter), HeartbeatReplyStatus::granted);
       }},
      {"giving up",
       [](Barged& lock, const Owner& waiter) {
         EXPECT_EQ(lock.requester.release(lock.key, waiter), ReleaseReplyStatus::left);
       }},
      {"death, seen by a release that leaves it free",
       [](Barged& lock, const Owner& waiter) {
         EXPECT_EQ(lock.requester.heartbeat(lock.key, waiter, long_ttl, 1ms).outcome,
                   HeartbeatReplyStatus::waiting);
         lock.store.pass(10ms);
         lock.leaves_free(9);
         EXPECT_TRUE(queue_keys(lock.store).empty());
         EXPECT_EQ(lock.barges(0).outcome, AttemptReplyStatus::granted);
       }},
      {"death, seen by a release that would hand over", [](Barged& lock, const Owner& waiter) {
         EXPECT_EQ(lock.requester.heartbeat(lock.key, waiter, long_ttl, 1ms).outcome,
                   HeartbeatReplyStatus::waiting);
         lock.store.pass(10ms);
         lock.leaves_free(0);
         EXPECT_TRUE(queue_keys(lock.store).empty());
         EXPECT_EQ(lock.barges(0).outcome, AttemptReplyStatus::granted);
       }}};
  for (const auto& [what, ends] : all) {
    SCOPED_TRACE(what);
    Barged lock(store);
    const Owner waiter = lock.joins();
    lock.expect_gone_past(9, 2);
    for (const StoredRecord& key : queue_keys(store)) {
      ASSERT_TRUE(key.remaining_ttl) << key.key << " stays for ever";
      EXPECT_LE(*key.remaining_ttl, 60s) << key.key;
    }
    ends(lock, waiter);
    EXPECT_TRUE(queue_keys(store).empty());
    // And whoever comes next is passed as often as anybody.
    const Owner next = lock.joins();
    lock.expect_gone_past(2, 2);
    lock.expect_handed_to(next, 2);
    lock.expect_served({});
  }
}

void nothing_is_left_of_as_many_dead_as_one_call_takes(StoreUnderTest& store) {
  Barged lock(store);
  for (int i = 0; i < 16; ++i) {
    lock.joins(lock.requester, dies_soon);
  }
  store.pass(10ms);
  store.erase(lock.key);
  EXPECT_EQ(lock.barges(1).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(lock.requester.release(lock.key, lock.last_barger), ReleaseReplyStatus::released);
  EXPECT_TRUE(queue_keys(store).empty());
}

}  // namespace

Checks barging_checks() {
  return {{"WhatIsLeftFreeGoesToWhoeverBarges", what_is_left_free_goes_to_whoever_barges},
          {"StreakIsCountedForWhoeverIsFirst", streak_is_counted_for_whoever_is_first},
          {"AttemptKeepsToItsOwnStreak", attempt_keeps_to_its_own_streak},
          {"PatientAttemptBargesToo", patient_attempt_barges_too},
          {"LockOfADeadHolderCanBeBarged", lock_of_a_dead_holder_can_be_barged},
          {"FairObjectsGoPastNobody", fair_objects_go_past_nobody},
          {"FairReleaseHandsOverWhateverTheStreak", fair_release_hands_over_whatever_the_streak},
          {"WhoWaitsGoesPastNobody", who_waits_goes_past_nobody},
          {"SameAttemptAgainCountsOnce", same_attempt_again_counts_once},
          {"TooLateGoesPastNobody", too_late_goes_past_nobody},
          {"FirstInLineIsWokenAndGetsWhatNobodyTakes",
           first_in_line_is_woken_and_gets_what_nobody_takes},
          {"DeadWaiterIsNotWoken", dead_waiter_is_not_woken},
          {"StreakGoesOnBehindTheDead", streak_goes_on_behind_the_dead},
          {"CrowdOfDeadOnesIsGonePast", crowd_of_dead_ones_is_gone_past},
          {"NothingIsLeftOfAStreak", nothing_is_left_of_a_streak},
          {"NothingIsLeftOfAsManyDeadAsOneCallTakes",
           nothing_is_left_of_as_many_dead_as_one_call_takes}};
}

}  // namespace exclusive_lock::conformance
