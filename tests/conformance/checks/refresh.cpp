// A refresh sets what remains, for exactly the hold that asks (G1, G3).

#include "conformance/asker.hpp"
#include "conformance/check.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

Milliseconds remaining(Asker& asker, const std::string& key) {
  const auto record = asker.inspect(key);
  EXPECT_TRUE(record && record->remaining_ttl);
  return record && record->remaining_ttl ? *record->remaining_ttl : Milliseconds(-1);
}

void sets_and_never_adds(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(asker.attempt({.key = key, .owner = owner}).outcome, AttemptOutcome::granted);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(asker.refresh(key, owner, long_ttl), RefreshVerdict::refreshed);
    EXPECT_LE(remaining(asker, key), long_ttl);
    EXPECT_GT(remaining(asker, key), long_ttl - 5s);
  }
  EXPECT_EQ(asker.refresh(key, owner, long_ttl / 2), RefreshVerdict::refreshed);
  EXPECT_LE(remaining(asker, key), long_ttl / 2) << "a shorter one shortens";
  EXPECT_EQ(asker.refresh(key, owner, 2 * long_ttl), RefreshVerdict::refreshed);
  EXPECT_GT(remaining(asker, key), long_ttl) << "a longer one prolongs";
}

void changes_nothing_else(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(asker.attempt({.key = key, .owner = owner}).outcome, AttemptOutcome::granted);
  const auto before = asker.inspect(key);
  EXPECT_EQ(asker.refresh(key, owner), RefreshVerdict::refreshed);
  const auto after = asker.inspect(key);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->value, after->value);
}

void many_keys_have_each_their_verdict(StoreUnderTest& store) {
  Asker asker(store);
  const Owner owner = new_owner();
  std::vector<RefreshRequest> requests;
  std::vector<RefreshVerdict> expected;
  for (int i = 0; i < 300; ++i) {
    const std::string key = store.key("job " + std::to_string(i));
    switch (i % 3) {
      case 0:
        asker.attempt({.key = key, .owner = owner});
        expected.push_back(RefreshVerdict::refreshed);
        break;
      case 1:
        asker.attempt({.key = key, .owner = new_owner()});
        expected.push_back(RefreshVerdict::lost);
        break;
      default:  // nobody holds it
        expected.push_back(RefreshVerdict::lost);
        break;
    }
    requests.push_back({.key = key, .owner = owner, .ttl = long_ttl + Milliseconds(1000 * i)});
  }
  EXPECT_EQ(asker.refresh(requests), expected);
  for (std::size_t i = 0; i < requests.size(); i += 3) {  // each its own ttl
    EXPECT_LE(remaining(asker, requests[i].key), requests[i].ttl);
    EXPECT_GT(remaining(asker, requests[i].key), requests[i].ttl - 10s);
  }
  for (std::size_t i = 1; i < requests.size(); i += 3) {
    EXPECT_LE(remaining(asker, requests[i].key), long_ttl) << "somebody else's record";
  }
}

void one_key_twice_in_one_call(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = new_owner();
  ASSERT_EQ(asker.attempt({.key = key, .owner = owner}).outcome, AttemptOutcome::granted);
  const std::vector<RefreshVerdict> verdicts =
      asker.refresh({{.key = key, .owner = owner, .ttl = long_ttl},
                     {.key = key, .owner = new_owner(), .ttl = long_ttl},
                     {.key = key, .owner = owner, .ttl = long_ttl / 2}});
  EXPECT_EQ(verdicts, (std::vector{RefreshVerdict::refreshed, RefreshVerdict::lost,
                                   RefreshVerdict::refreshed}));
  EXPECT_LE(remaining(asker, key), long_ttl / 2);
}

void only_the_very_ticket(StoreUnderTest& store) {
  Asker asker(store);
  const std::string key = store.key("job");
  const Owner owner = with_ticket(new_owner(), 7);
  ASSERT_EQ(asker.attempt({.key = key, .owner = owner}).outcome, AttemptOutcome::granted);
  EXPECT_EQ(asker.refresh(key, with_ticket(owner, 6), 4 * long_ttl), RefreshVerdict::lost);
  EXPECT_EQ(asker.refresh(key, with_ticket(owner, 8), 4 * long_ttl), RefreshVerdict::lost);
  EXPECT_LE(remaining(asker, key), long_ttl);
  EXPECT_EQ(asker.refresh(key, owner), RefreshVerdict::refreshed);
}

void creates_nothing(StoreUnderTest& store) {
  Asker asker(store);
  EXPECT_EQ(asker.refresh(store.key("job"), new_owner()), RefreshVerdict::lost);
  EXPECT_FALSE(asker.inspect(store.key("job")));
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
