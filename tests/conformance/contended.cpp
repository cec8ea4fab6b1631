#include "conformance/contended.hpp"

#include <algorithm>

#include "core/key_codec.hpp"

namespace exclusive_lock::conformance {

std::vector<StoredRecord> queue_keys(StoreUnderTest& store) {
  std::vector<StoredRecord> all = store.everything();
  std::erase_if(all, [](const StoredRecord& entry) {
    return !is_side_key(entry.key) || entry.key.ends_with(":fence") || entry.key.ends_with(":done");
  });
  return all;
}

bool is_pushed_to(StoreUnderTest& store, Requester& requester) {
  const std::string key = store.key("first of all");
  const Owner holder = new_owner();
  const Owner waiter = new_owner();
  EXPECT_EQ(requester.attempt({.key = key, .owner = holder}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.attempt({.key = key, .owner = waiter, .wait_options = long_wait}).outcome,
            AttemptReplyStatus::waiting);
  const bool pushes =
      eventually(store, std::chrono::seconds(5), [&] { return requester.store().pushes_grants(); });
  EXPECT_EQ(requester.release(key, waiter), ReleaseReplyStatus::left);
  EXPECT_EQ(requester.release(key, holder), ReleaseReplyStatus::released);
  return pushes;
}

Contended::Contended(StoreUnderTest& a_store)
    : store(a_store), requester(a_store), key(a_store.key("job")), first(new_owner()) {
  EXPECT_EQ(requester.attempt({.key = key, .owner = first}).outcome, AttemptReplyStatus::granted);
}

Owner Contended::joins(Requester& through, const WaitOptions& wait_options) {
  const Owner owner = new_owner();
  const auto before = requester.inspect(key);
  const AttemptReply reply = through.attempt(wish(owner, wait_options));
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::waiting);
  EXPECT_EQ(reply.position, before ? before->waiting + 1 : 1);
  EXPECT_TRUE(reply.arrived_at);
  return owner;
}

Wish Contended::wish(const Owner& owner, const WaitOptions& wait_options) const {
  return {.key = key, .owner = owner, .wait_options = wait_options};
}

void Contended::expire() {
  const auto holding = holder();
  ASSERT_TRUE(holding) << "nobody holds the lock";
  EXPECT_EQ(requester.refresh(key, *holding, Milliseconds(1)), RefreshReplyStatus::refreshed);
  EXPECT_TRUE(eventually(store, std::chrono::seconds(10), [&] { return !requester.inspect(key); }));
}

std::optional<Owner> Contended::holder() {
  const auto record = requester.inspect(key);
  return record ? record_owner(record->value) : std::nullopt;
}

void Contended::expect_served(const std::vector<Owner>& in_order) {
  auto holding = holder();
  for (const Owner& next : in_order) {
    ASSERT_TRUE(holding) << "nobody holds the lock";
    EXPECT_EQ(requester.release(key, *holding), ReleaseReplyStatus::released);
    holding = holder();
    EXPECT_EQ(holding, next) << "somebody else was next";
    EXPECT_EQ(heartbeat(next), HeartbeatReplyStatus::granted);
  }
  ASSERT_TRUE(holding) << "nobody holds the lock";
  EXPECT_EQ(requester.release(key, *holding), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester.inspect(key)) << "nobody else should have waited";
  EXPECT_TRUE(queue_keys(store).empty());
}

}  // namespace exclusive_lock::conformance
