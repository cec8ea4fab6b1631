// G2: the fence of a name only grows, whatever happens to the store.

#include "conformance/check.hpp"
#include "conformance/requester.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

// Holds and releases once, as somebody new; the fence of that hold.
Fence fence_of_a_hold(StoreUnderTest& store, Requester& requester, Fence floor = {}) {
  const Wish wish{.key = store.key("job"), .owner = new_owner(), .floor = floor};
  const AttemptReply reply = requester.attempt(wish);
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::granted);
  EXPECT_GT(reply.fence.value, 0U);
  EXPECT_LT(reply.fence.value, std::uint64_t{1} << 53U);
  EXPECT_EQ(requester.release(wish.key, wish.owner), ReleaseReplyStatus::released);
  return reply.fence;
}

void grows_from_hold_to_hold(StoreUnderTest& store) {
  Requester one(store);
  Requester other(store);
  Fence last;
  for (int i = 0; i < 100; ++i) {
    const Fence next = fence_of_a_hold(store, i % 2 == 0 ? one : other);
    EXPECT_GT(next, last);
    last = next;
  }
}

void grows_over_expiry_and_removal(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  Fence last = fence_of_a_hold(store, requester);
  const AttemptReply brief = requester.attempt({.key = key, .owner = new_owner(), .ttl = 1ms});
  EXPECT_GT(brief.fence, last);
  ASSERT_TRUE(eventually(store, 10s, [&] { return !requester.inspect(key); }));
  last = fence_of_a_hold(store, requester);
  EXPECT_GT(last, brief.fence);
  store.plant(key, "1", long_ttl);
  store.erase(key);
  EXPECT_GT(fence_of_a_hold(store, requester), last);
}

void is_in_the_record(StoreUnderTest& store) {
  Requester requester(store);
  const Wish wish{.key = store.key("job"), .owner = new_owner()};
  const AttemptReply reply = requester.attempt(wish);
  const auto record = requester.inspect(wish.key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record_fence(record->value), reply.fence);
}

void grows_over_a_wipe(StoreUnderTest& store) {
  Requester requester(store);
  Fence last;
  for (int i = 0; i < 5; ++i) {
    const Fence next = fence_of_a_hold(store, requester);
    EXPECT_GT(next, last);
    last = next;
    store.wipe();
    store.pass(1ms);  // the store's clock has to move on, by a microsecond
  }
}

void grows_over_a_restart_without_data(StoreUnderTest& store) {
  Fence last;
  for (int i = 0; i < 3; ++i) {
    Requester requester(store);
    for (int hold = 0; hold < 20; ++hold) {
      const Fence next = fence_of_a_hold(store, requester);
      EXPECT_GT(next, last);
      last = next;
    }
    store.pass(1ms);
    store.lose_data();
  }
}

// A client that saw a higher fence than a store can know of: its clock was set back, or it is
// another store.
void stays_above_the_floor(StoreUnderTest& store) {
  Requester requester(store);
  const Fence first = fence_of_a_hold(store, requester);
  const Fence floor{first.value + 1'000'000'000};
  const Fence above = fence_of_a_hold(store, requester, floor);
  EXPECT_GT(above, floor);
  EXPECT_GT(fence_of_a_hold(store, requester), above) << "others are above it too";
  store.wipe();
  EXPECT_GT(fence_of_a_hold(store, requester, above), above) << "also when the store forgot";
}

void of_a_low_floor_is_not_low(StoreUnderTest& store) {
  Requester requester(store);
  const Fence first = fence_of_a_hold(store, requester);
  EXPECT_GT(fence_of_a_hold(store, requester, Fence{1}), first);
}

void busy_tells_the_highest(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Fence first = fence_of_a_hold(store, requester);
  store.plant(key, "1", long_ttl);
  const AttemptReply reply = requester.attempt({.key = key, .owner = new_owner()});
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(reply.fence, first);
}

void of_an_unknown_name_is_none(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  store.plant(key, "1", long_ttl);
  EXPECT_EQ(requester.attempt({.key = key, .owner = new_owner()}).fence, Fence{0});
}

// Past 2^53 a double skips integers, and two holders could be given one fence.
void beyond_its_range_is_refused(StoreUnderTest& store) {
  Requester requester(store);
  const Wish wish{
      .key = store.key("job"), .owner = new_owner(), .floor = Fence{(std::uint64_t{1} << 53U) - 1}};
  const auto answer = answer_of<AttemptReply>([&](Done<AttemptReply> done) {
    requester.store().attempt(requester.request_of(wish), requester.soon(), std::move(done));
  });
  const auto* failure = std::get_if<StoreFailure>(&answer);
  ASSERT_NE(failure, nullptr);
  EXPECT_EQ(failure->code, errc::wrong_type);
  EXPECT_FALSE(requester.inspect(wish.key));
  fence_of_a_hold(store, requester);
}

}  // namespace

Checks fence_checks() {
  return {{"FenceGrowsFromHoldToHold", grows_from_hold_to_hold},
          {"FenceGrowsOverExpiryAndRemoval", grows_over_expiry_and_removal},
          {"FenceIsInTheRecord", is_in_the_record},
          {"FenceGrowsOverAWipe", grows_over_a_wipe},
          {"FenceGrowsOverARestartWithoutData", grows_over_a_restart_without_data},
          {"FenceStaysAboveTheFloor", stays_above_the_floor},
          {"FenceOfALowFloorIsNotLow", of_a_low_floor_is_not_low},
          {"FenceOfBusyIsTheHighest", busy_tells_the_highest},
          {"FenceOfAnUnknownNameIsNone", of_an_unknown_name_is_none},
          {"FenceBeyondItsRangeIsRefused", beyond_its_range_is_refused}};
}

}  // namespace exclusive_lock::conformance
