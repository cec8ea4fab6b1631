// What happens to a holder whose record somebody else took away: it is told, and touches nothing
// (G3, G5).

#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

struct Hold {
  explicit Hold(StoreUnderTest& store)
      : requester(store), key(store.key("job")), owner(new_owner()) {
    EXPECT_EQ(requester.attempt({.key = key, .owner = owner}).outcome, AttemptReplyStatus::granted);
  }
  void expect_lost() {
    EXPECT_EQ(requester.refresh(key, owner), RefreshReplyStatus::lost);
    EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::not_owner);
  }
  Requester requester;
  std::string key;
  Owner owner;
};

void record_removed(StoreUnderTest& store) {
  Hold hold(store);
  store.erase(hold.key);
  hold.expect_lost();
  EXPECT_FALSE(hold.requester.inspect(hold.key));
}

void record_replaced_by_a_stranger(StoreUnderTest& store) {
  Hold hold(store);
  store.plant(hold.key, "1", 2 * long_ttl);
  hold.expect_lost();
  const auto record = hold.requester.inspect(hold.key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->value, "1");
  ASSERT_TRUE(record->remaining_ttl);
  EXPECT_GT(*record->remaining_ttl, long_ttl);
}

void record_replaced_by_another_holder(StoreUnderTest& store) {
  Hold hold(store);
  store.erase(hold.key);
  const Owner next = new_owner();
  ASSERT_EQ(hold.requester.attempt({.key = hold.key, .owner = next}).outcome,
            AttemptReplyStatus::granted);
  const auto before = hold.requester.inspect(hold.key);
  hold.expect_lost();
  const auto after = hold.requester.inspect(hold.key);
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->value, after->value);
  EXPECT_EQ(hold.requester.refresh(hold.key, next), RefreshReplyStatus::refreshed);
}

void all_data_wiped(StoreUnderTest& store) {
  Hold hold(store);
  store.wipe();
  hold.expect_lost();
  EXPECT_TRUE(store.everything().empty());
}

void data_lost_in_a_restart(StoreUnderTest& store) {
  const Owner owner = Hold(store).owner;
  store.lose_data();
  Requester requester(store);
  EXPECT_EQ(requester.refresh(store.key("job"), owner), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.release(store.key("job"), owner), ReleaseReplyStatus::not_owner);
}

}  // namespace

Checks loss_checks() {
  return {{"LossIsToldWhenTheRecordIsRemoved", record_removed},
          {"LossIsToldWhenAStrangerReplacesTheRecord", record_replaced_by_a_stranger},
          {"LossIsToldWhenAnotherHolderReplacesTheRecord", record_replaced_by_another_holder},
          {"LossIsToldWhenAllDataAreWiped", all_data_wiped},
          {"LossIsToldAfterARestartWithoutData", data_lost_in_a_restart}};
}

}  // namespace exclusive_lock::conformance
