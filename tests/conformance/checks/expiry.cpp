// A record ends by itself: never before its ttl, counted from before the request (G1), and soon
// after it (G8).

#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

constexpr Milliseconds short_ttl = 300ms;
// What a hold gives away for clocks that differ (docs/guarantees.md, G1); KeyDB uses 1 ms of it.
constexpr Milliseconds margin = 2ms;
// Nothing here is slow: this is for a machine that is.
constexpr Milliseconds lateness = 10s;

// Tries as somebody else until the lock is granted; the instant of the grant.
Instant followed_at(StoreUnderTest& store, Requester& requester, const std::string& key) {
  Owner follower = new_owner();
  const bool granted = eventually(store, short_ttl + lateness, [&] {
    ++follower.ticket;
    return requester.attempt({.key = key, .owner = follower}).outcome ==
           AttemptReplyStatus::granted;
  });
  EXPECT_TRUE(granted) << "the record never expired";
  return store.clock().now();
}

void record_lives_for_its_ttl(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  for (int round = 0; round < 3; ++round) {
    const Instant requested_at = store.clock().now();
    const Owner owner = new_owner();
    ASSERT_EQ(requester.attempt({.key = key, .owner = owner, .ttl = short_ttl}).outcome,
              AttemptReplyStatus::granted);
    EXPECT_GE(followed_at(store, requester, key), requested_at + short_ttl - margin);
    store.erase(key);
  }
}

void refreshed_record_lives_from_the_refresh(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  Instant requested_at{};
  for (int i = 0; i < 3; ++i) {
    store.pass(10ms);
    requested_at = store.clock().now();
    ASSERT_EQ(requester.refresh(key, owner, short_ttl), RefreshReplyStatus::refreshed);
  }
  EXPECT_GE(followed_at(store, requester, key), requested_at + short_ttl - margin);
}

void remaining_ttl_is_when_to_try_again(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  ASSERT_EQ(requester.attempt({.key = key, .owner = new_owner(), .ttl = short_ttl}).outcome,
            AttemptReplyStatus::granted);
  const Instant requested_at = store.clock().now();
  const AttemptReply busy = requester.attempt({.key = key, .owner = new_owner()});
  if (busy.outcome == AttemptReplyStatus::granted) {
    // This machine slept for the whole ttl between two lines.
    EXPECT_GT(store.clock().now(), requested_at);
    return;
  }
  ASSERT_TRUE(busy.remaining_ttl);
  EXPECT_GE(followed_at(store, requester, key), requested_at + *busy.remaining_ttl - margin);
}

void expired_record_is_gone_for_every_verb(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner, .ttl = short_ttl}).outcome,
            AttemptReplyStatus::granted);
  ASSERT_TRUE(eventually(store, short_ttl + lateness, [&] { return !requester.inspect(key); }));
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::not_owner);
  EXPECT_TRUE(requester.list(store.prefix()).records.empty());
  EXPECT_FALSE(requester.inspect(key)) << "no verb brings it back";
}

void short_refresh_shortens(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(requester.refresh(key, owner, 1ms), RefreshReplyStatus::refreshed);
  EXPECT_TRUE(eventually(store, lateness, [&] { return !requester.inspect(key); }));
}

}  // namespace

Checks expiry_checks() {
  return {{"RecordLivesForItsTtl", record_lives_for_its_ttl},
          {"RefreshedRecordLivesFromTheRefresh", refreshed_record_lives_from_the_refresh},
          {"RemainingTtlIsWhenToTryAgain", remaining_ttl_is_when_to_try_again},
          {"ExpiredRecordIsGoneForEveryVerb", expired_record_is_gone_for_every_verb},
          {"ShortRefreshShortens", short_refresh_shortens}};
}

}  // namespace exclusive_lock::conformance
