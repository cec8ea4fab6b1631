#include "runtime/inspection.hpp"

#include <gtest/gtest.h>

namespace exclusive_lock {
namespace {

StoredWaiter waiter() {
  return {.owner = {}, .arrived_at = StoreTime(1'700'000'000'000'000), .tail_head = ""};
}

TEST(ShownRecord, TellsHowManyWait) {
  const LockRecord record =
      shown({.key = "k", .value = "v", .remaining_ttl = {}, .waiting = 7, .waiters = {waiter()}});
  EXPECT_EQ(record.waiting, 7U);
  EXPECT_EQ(record.waiters.size(), 1U);
}

// A page that shows "20 of them, and so many more" relies on it.
TEST(ShownRecord, CountsThoseThatItShows) {
  const LockRecord record = shown({.key = "k",
                                   .value = "v",
                                   .remaining_ttl = {},
                                   .waiting = 1,
                                   .waiters = {waiter(), waiter(), waiter()}});
  EXPECT_EQ(record.waiting, 3U);
}

}  // namespace
}  // namespace exclusive_lock
