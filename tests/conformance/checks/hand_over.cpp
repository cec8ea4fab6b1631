// G6: what becomes free is handed to the first in the queue, in the same step, and it is told.

#include "conformance/check.hpp"
#include "conformance/contended.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

std::int64_t since_us(const StoredRecord& record) {
  const auto since = decode_record(record.value).since;
  return since ? std::chrono::duration_cast<StoreTime>(since->time_since_epoch()).count() : -1;
}

void handed_over_record_is_what_the_codec_writes(StoreUnderTest& store) {
  for (const std::size_t size :
       {std::size_t{1}, std::size_t{64 * 1024}, std::size_t{1024 * 1024}}) {
    Contended lock(store);
    Wish wish = lock.wish(with_ticket(new_owner(), 0xfedcba9876543210));
    wish.contents = size == 1 ? "1" : "\"" + std::string(size - 2, 'x') + "\"";
    ASSERT_EQ(lock.requester.attempt(wish).outcome, AttemptReplyStatus::waiting);
    EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
    const auto record = lock.requester.inspect(lock.key);
    ASSERT_TRUE(record) << "it was not handed over";
    const Fence fence = record_fence(record->value).value_or(Fence{});
    const std::string expected = encode_record(wish.owner, fence, since_us(*record), tail_of(wish));
    EXPECT_TRUE(record->value == expected) << record->value.substr(0, 200) << "\n"
                                           << expected.substr(0, 200);
    ASSERT_TRUE(record->remaining_ttl);
    EXPECT_LE(*record->remaining_ttl, short_confirm_ttl);
    EXPECT_GT(*record->remaining_ttl, short_confirm_ttl / 2);
    lock.expect_served({});
  }
}

void heartbeat_after_the_hand_over_sets_the_full_ttl(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(lock.heartbeat(waiter), HeartbeatReplyStatus::waiting);
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
  const auto handed = lock.requester.inspect(lock.key);
  const HeartbeatReply reply = lock.requester.heartbeat(lock.key, waiter);
  EXPECT_EQ(reply.outcome, HeartbeatReplyStatus::granted);
  ASSERT_TRUE(handed);
  EXPECT_EQ(reply.fence, record_fence(handed->value));
  const auto record = lock.requester.inspect(lock.key);
  ASSERT_TRUE(record && record->remaining_ttl);
  EXPECT_EQ(record->value, handed->value);
  EXPECT_GT(*record->remaining_ttl, long_ttl / 2);
  EXPECT_LE(*record->remaining_ttl, long_ttl);
  for (const Ticket other : {waiter.ticket + 1, waiter.ticket - 1}) {
    EXPECT_EQ(lock.heartbeat(with_ticket(waiter, other)), HeartbeatReplyStatus::gone)
        << "of this very ticket";
  }
}

void refresh_after_the_hand_over_sets_the_full_ttl(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  EXPECT_EQ(lock.requester.refresh(lock.key, waiter), RefreshReplyStatus::lost)
      << "it holds nothing yet";
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
  EXPECT_EQ(lock.requester.refresh(lock.key, waiter), RefreshReplyStatus::refreshed);
  const auto record = lock.requester.inspect(lock.key);
  ASSERT_TRUE(record && record->remaining_ttl);
  EXPECT_GT(*record->remaining_ttl, long_ttl / 2);
}

void fence_grows_over_hand_overs(StoreUnderTest& store) {
  Contended lock(store);
  std::vector<Owner> waiters;
  for (int i = 0; i < 5; ++i) {
    waiters.push_back(lock.joins());
  }
  Wish high = lock.wish(new_owner());
  high.floor = Fence{std::uint64_t{1} << 52U};
  ASSERT_EQ(lock.requester.attempt(high).outcome, AttemptReplyStatus::waiting);
  waiters.push_back(high.owner);
  waiters.push_back(lock.joins());
  const auto fence = [&] {
    const auto record = lock.requester.inspect(lock.key);
    return record ? record_fence(record->value).value_or(Fence{}) : Fence{};
  };
  Fence last = fence();
  Owner holding = lock.first;
  for (const Owner& next : waiters) {
    EXPECT_EQ(lock.requester.release(lock.key, holding), ReleaseReplyStatus::released);
    EXPECT_GT(fence(), last);
    last = fence();
    holding = next;
    if (next == high.owner) {
      EXPECT_GT(last, high.floor);
    }
  }
  EXPECT_EQ(lock.requester.release(lock.key, holding), ReleaseReplyStatus::released);
  EXPECT_GT(lock.requester.attempt({.key = lock.key, .owner = new_owner()}).fence, last);
}

void hand_over_wakes_its_new_owner_once(StoreUnderTest& store) {
  Contended lock(store);
  Requester one(store);
  Requester two(store);
  const auto pushed_to_one = one.listen();
  const auto pushed_to_two = two.listen();
  ASSERT_TRUE(is_pushed_to(store, one) && is_pushed_to(store, two))
      << "waiters would have to look for themselves; no right to subscribe?";
  const std::vector<Owner> waiters{lock.joins(one), lock.joins(two), lock.joins(one)};
  Owner holding = lock.first;
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    EXPECT_EQ(lock.requester.release(lock.key, holding), ReleaseReplyStatus::released);
    holding = waiters[i];
    const auto& pushed = i == 1 ? pushed_to_two : pushed_to_one;
    ASSERT_TRUE(pushed->wait_for(holding)) << "no push came";
    EXPECT_EQ(lock.heartbeat(holding), HeartbeatReplyStatus::granted);
  }
  EXPECT_EQ(pushed_to_one->all().size(), 2U);
  EXPECT_EQ(pushed_to_two->all().size(), 1U);
}

void expired_record_is_handed_over_by_whoever_comes(StoreUnderTest& store) {
  using Comes = std::function<void(Contended&, const Owner&)>;
  const std::vector<std::pair<std::string, Comes>> all{
      {"a heartbeat",
       [](Contended& lock, const Owner& waiter) {
         EXPECT_EQ(lock.heartbeat(waiter), HeartbeatReplyStatus::granted);
       }},
      {"a heartbeat of somebody who does not wait",
       [](Contended& lock, const Owner&) {
         EXPECT_EQ(lock.heartbeat(new_owner()), HeartbeatReplyStatus::gone);
       }},
      {"a try",
       [](Contended& lock, const Owner&) {
         EXPECT_EQ(lock.requester.attempt({.key = lock.key, .owner = new_owner()}).outcome,
                   AttemptReplyStatus::busy);
       }},
      {"the late release of the holder",
       [](Contended& lock, const Owner&) {
         EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::not_owner);
       }},
      {"a release of somebody else",
       [](Contended& lock, const Owner&) {
         EXPECT_EQ(lock.requester.release(lock.key, new_owner()), ReleaseReplyStatus::not_owner);
       }},
      {"a remove of another value",
       [](Contended& lock, const Owner&) { EXPECT_FALSE(lock.requester.remove(lock.key, "1")); }}};
  for (const auto& [what, comes] : all) {
    SCOPED_TRACE(what);
    Contended lock(store);
    const Owner waiter = lock.joins();
    lock.expire();
    EXPECT_EQ(lock.requester.refresh(lock.key, waiter), RefreshReplyStatus::lost)
        << "does not advance";
    EXPECT_FALSE(lock.requester.inspect(lock.key)) << "does not advance";
    comes(lock, waiter);
    EXPECT_EQ(lock.holder(), waiter);
    lock.expect_served({});
  }
}

void remove_hands_over(StoreUnderTest& store) {
  Contended lock(store);
  const Owner waiter = lock.joins();
  const auto record = lock.requester.inspect(lock.key);
  ASSERT_TRUE(record);
  EXPECT_TRUE(lock.requester.remove(lock.key, record->value));
  EXPECT_EQ(lock.holder(), waiter);
  EXPECT_FALSE(lock.requester.remove(lock.key, record->value)) << "that record is gone";
  lock.expect_served({});
}

void grant_that_is_not_taken_up_goes_on(StoreUnderTest& store) {
  Contended lock(store);
  const Owner first = lock.joins();
  const Owner second = lock.joins();
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
  EXPECT_EQ(lock.holder(), first);
  lock.expire();
  EXPECT_EQ(lock.heartbeat(second), HeartbeatReplyStatus::granted);
  EXPECT_EQ(lock.heartbeat(first), HeartbeatReplyStatus::gone);
  lock.expect_served({});
}

void newer_ticket_takes_a_hand_over_over(StoreUnderTest& store) {
  Contended lock(store);
  const Owner old = lock.joins();
  const Owner behind = lock.joins();
  EXPECT_EQ(lock.requester.release(lock.key, lock.first), ReleaseReplyStatus::released);
  const auto handed = lock.requester.inspect(lock.key);
  ASSERT_TRUE(handed);
  const AttemptReply newer = lock.requester.attempt(lock.wish(with_ticket(old, old.ticket + 1)));
  EXPECT_EQ(newer.outcome, AttemptReplyStatus::granted);
  EXPECT_GT(newer.fence, record_fence(handed->value));
  EXPECT_EQ(lock.heartbeat(old), HeartbeatReplyStatus::gone);
  EXPECT_EQ(lock.requester.release(lock.key, old), ReleaseReplyStatus::not_owner)
      << "a push that was late";
  lock.expect_served({behind});
}

}  // namespace

Checks hand_over_checks() {
  return {
      {"HandedOverRecordIsWhatTheCodecWrites", handed_over_record_is_what_the_codec_writes},
      {"HeartbeatAfterTheHandOverSetsTheFullTtl", heartbeat_after_the_hand_over_sets_the_full_ttl},
      {"RefreshAfterTheHandOverSetsTheFullTtl", refresh_after_the_hand_over_sets_the_full_ttl},
      {"FenceGrowsOverHandOvers", fence_grows_over_hand_overs},
      {"HandOverWakesItsNewOwnerOnce", hand_over_wakes_its_new_owner_once},
      {"ExpiredRecordIsHandedOverByWhoeverComes", expired_record_is_handed_over_by_whoever_comes},
      {"RemoveHandsOver", remove_hands_over},
      {"GrantThatIsNotTakenUpGoesOn", grant_that_is_not_taken_up_goes_on},
      {"NewerTicketTakesAHandOverOver", newer_ticket_takes_a_hand_over_over}};
}

}  // namespace exclusive_lock::conformance
