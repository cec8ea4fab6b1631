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

bool is_pushed_to(StoreUnderTest& store, Asker& asker) {
  const std::string key = store.key("first of all");
  const Owner holder = new_owner();
  const Owner waiter = new_owner();
  EXPECT_EQ(asker.attempt({.key = key, .owner = holder}).outcome, AttemptOutcome::granted);
  EXPECT_EQ(asker.attempt({.key = key, .owner = waiter, .patience = long_patience}).outcome,
            AttemptOutcome::waiting);
  const bool pushes =
      eventually(store, std::chrono::seconds(5), [&] { return asker.store().pushes_grants(); });
  EXPECT_EQ(asker.release(key, waiter), ReleaseVerdict::left);
  EXPECT_EQ(asker.release(key, holder), ReleaseVerdict::released);
  return pushes;
}

Contended::Contended(StoreUnderTest& a_store)
    : store(a_store), asker(a_store), key(a_store.key("job")), first(new_owner()) {
  EXPECT_EQ(asker.attempt({.key = key, .owner = first}).outcome, AttemptOutcome::granted);
}

Owner Contended::joins(Asker& through, const Patience& patience) {
  const Owner owner = new_owner();
  const auto before = asker.inspect(key);
  const AttemptReply reply = through.attempt(wish(owner, patience));
  EXPECT_EQ(reply.outcome, AttemptOutcome::waiting);
  EXPECT_EQ(reply.position, before ? before->waiting + 1 : 1);
  EXPECT_TRUE(reply.arrived_at);
  return owner;
}

Wish Contended::wish(const Owner& owner, const Patience& patience) const {
  return {.key = key, .owner = owner, .patience = patience};
}

void Contended::expire() {
  const auto holding = holder();
  ASSERT_TRUE(holding) << "nobody holds the lock";
  EXPECT_EQ(asker.refresh(key, *holding, Milliseconds(1)), RefreshVerdict::refreshed);
  EXPECT_TRUE(eventually(store, std::chrono::seconds(10), [&] { return !asker.inspect(key); }));
}

std::optional<Owner> Contended::holder() {
  const auto record = asker.inspect(key);
  return record ? record_owner(record->value) : std::nullopt;
}

void Contended::expect_served(const std::vector<Owner>& in_order) {
  auto holding = holder();
  for (const Owner& next : in_order) {
    ASSERT_TRUE(holding) << "nobody holds the lock";
    EXPECT_EQ(asker.release(key, *holding), ReleaseVerdict::released);
    holding = holder();
    EXPECT_EQ(holding, next) << "somebody else was next";
    EXPECT_EQ(beat(next), BeatOutcome::granted);
  }
  ASSERT_TRUE(holding) << "nobody holds the lock";
  EXPECT_EQ(asker.release(key, *holding), ReleaseVerdict::released);
  EXPECT_FALSE(asker.inspect(key)) << "nobody else should have waited";
  EXPECT_TRUE(queue_keys(store).empty());
}

}  // namespace exclusive_lock::conformance
