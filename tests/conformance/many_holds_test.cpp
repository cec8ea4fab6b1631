// Many locks that one connection holds for longer than their ttl.

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "conformance/api/worker.hpp"
#include "conformance/store_under_test.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

class ManyHolds : public testing::TestWithParam<StoreKind> {};

std::vector<StoreKind> stores_of_real_time() {
  std::vector<StoreKind> kinds = stores_to_test();
  std::erase_if(kinds, [](const StoreKind& kind) { return !kind.has_real_time; });
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(Stores, ManyHolds, testing::ValuesIn(stores_of_real_time()),
                         testing::PrintToStringParamName());

// How late refreshes are is measured by ./bench.sh g; here only that each comes in time.
TEST_P(ManyHolds, ThousandLocksOutliveTheirTtlAndNoneIsLost) {
  constexpr std::size_t count = 1'000;
  const auto store = GetParam().open();
  const auto connection = store->connection();
  std::vector<std::atomic<int>> refreshes(count);
  std::atomic<int> losses = 0;
  std::vector<std::unique_ptr<ExclusiveLock>> locks;
  for (std::size_t i = 0; i < count; ++i) {
    Options options = options_for(*store, connection, "job " + std::to_string(i));
    options.lock_ttl = 3s;
    options.lock_refresh = 1s;
    locks.push_back(std::make_unique<ExclusiveLock>(std::move(options)));
    locks.back()->on_refreshed([&refreshes, i](const RefreshedEvent&) { ++refreshes[i]; });
    locks.back()->on_lost([&losses](const LostEvent&) { ++losses; });
    ASSERT_TRUE(locks.back()->acquire());
  }
  const Instant end = BootClock::now() + 3s;
  EXPECT_TRUE(comes_true([&] { return BootClock::now() >= end || losses > 0; }));
  EXPECT_EQ(losses, 0);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_TRUE(locks[i]->held()) << i;
    EXPECT_GE(refreshes[i], 1) << i;
  }
  for (const auto& lock : locks) {
    EXPECT_EQ(lock->release(), ReleaseOutcome::released);
  }
}

}  // namespace
}  // namespace exclusive_lock::conformance
