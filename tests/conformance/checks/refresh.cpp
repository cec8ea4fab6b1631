// A refresh sets what remains, for exactly the hold that asks (G1, G3).

#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

Milliseconds remaining(Requester& requester, const std::string& key) {
  const auto record = requester.inspect(key);
  EXPECT_TRUE(record && record->remaining_ttl);
  return record && record->remaining_ttl ? *record->remaining_ttl : Milliseconds(-1);
}

void sets_and_never_adds(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(requester.refresh(key, owner, long_ttl), RefreshReplyStatus::refreshed);
    EXPECT_LE(remaining(requester, key), long_ttl);
    EXPECT_GT(remaining(requester, key), long_ttl - 5s);
  }
  EXPECT_EQ(requester.refresh(key, owner, long_ttl / 2), RefreshReplyStatus::refreshed);
  EXPECT_LE(remaining(requester, key), long_ttl / 2) << "a shorter one shortens";
  EXPECT_EQ(requester.refresh(key, owner, 2 * long_ttl), RefreshReplyStatus::refreshed);
  EXPECT_GT(remaining(requester, key), long_ttl) << "a longer one prolongs";
}

void changes_nothing_else(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  const auto before = requester.inspect(key);
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
  const auto after = requester.inspect(key);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->value, after->value);
}

void many_keys_have_each_their_verdict(StoreUnderTest& store) {
  Requester requester(store);
  const Owner owner = new_owner();
  std::vector<RefreshRequest> requests;
  std::vector<RefreshReplyStatus> expected;
  for (int i = 0; i < 300; ++i) {
    const std::string key = store.key("job " + std::to_string(i));
    switch (i % 3) {
      case 0:
        requester.attempt({.key = key, .owner = owner});
        expected.push_back(RefreshReplyStatus::refreshed);
        break;
      case 1:
        requester.attempt({.key = key, .owner = new_owner()});
        expected.push_back(RefreshReplyStatus::lost);
        break;
      default:  // nobody holds it
        expected.push_back(RefreshReplyStatus::lost);
        break;
    }
    requests.push_back({.key = key, .owner = owner, .ttl = long_ttl + Milliseconds(1000 * i)});
  }
  EXPECT_EQ(requester.refresh(requests), expected);
  for (std::size_t i = 0; i < requests.size(); i += 3) {  // each its own ttl
    EXPECT_LE(remaining(requester, requests[i].key), requests[i].ttl);
    EXPECT_GT(remaining(requester, requests[i].key), requests[i].ttl - 10s);
  }
  for (std::size_t i = 1; i < requests.size(); i += 3) {
    EXPECT_LE(remaining(requester, requests[i].key), long_ttl) << "somebody else's record";
  }
}

void one_key_twice_in_one_call(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  const std::vector<RefreshReplyStatus> verdicts =
      requester.refresh({{.key = key, .owner = owner, .ttl = long_ttl},
                         {.key = key, .owner = new_owner(), .ttl = long_ttl},
                         {.key = key, .owner = owner, .ttl = long_ttl / 2}});
  EXPECT_EQ(verdicts, (std::vector{RefreshReplyStatus::refreshed, RefreshReplyStatus::lost,
                                   RefreshReplyStatus::refreshed}));
  EXPECT_LE(remaining(requester, key), long_ttl / 2);
}

void only_the_very_ticket(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner owner = with_ticket(new_owner(), 7);
  ASSERT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.refresh(key, with_ticket(owner, 6), 4 * long_ttl), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.refresh(key, with_ticket(owner, 8), 4 * long_ttl), RefreshReplyStatus::lost);
  EXPECT_LE(remaining(requester, key), long_ttl);
  EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::refreshed);
}

void creates_nothing(StoreUnderTest& store) {
  Requester requester(store);
  EXPECT_EQ(requester.refresh(store.key("job"), new_owner()), RefreshReplyStatus::lost);
  EXPECT_FALSE(requester.inspect(store.key("job")));
  EXPECT_TRUE(store.everything().empty());
}

}  // namespace

Checks refresh_checks() {
  return {{"RefreshSetsAndNeverAdds", sets_and_never_adds},
          {"RefreshChangesNothingElse", changes_nothing_else},
          {"RefreshOfManyKeysHasAVerdictForEach", many_keys_have_each_their_verdict},
          {"RefreshOfOneKeyTwiceInOneCall", one_key_twice_in_one_call},
          {"RefreshIsForTheVeryTicket", only_the_very_ticket},
          {"RefreshCreatesNothing", creates_nothing}};
}

}  // namespace exclusive_lock::conformance
