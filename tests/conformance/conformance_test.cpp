// G9: all checks on all stores.

#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <tuple>

#include "conformance/check.hpp"
#include "conformance/store_under_test.hpp"
#include "live/server.hpp"

namespace exclusive_lock::conformance {
namespace {

using Case = std::tuple<StoreKind, Check>;

std::string name_of(const testing::TestParamInfo<Case>& each) {
  return std::get<0>(each.param).name + "_" + std::string(std::get<1>(each.param).name);
}

class StoreConformance : public testing::TestWithParam<Case> {};

TEST_P(StoreConformance, Holds) {
  const auto& [kind, check] = GetParam();
  const std::unique_ptr<StoreUnderTest> store = kind.open();
  check.run(*store);
}

// Without this, a store that is not found would only be one that nobody misses.
TEST(StoresToTest, ThoseThatMustBeThereAre) {
  std::cout << "The suite runs on:";
  for (const StoreKind& kind : stores_to_test()) {
    std::cout << " " << kind.name;
  }
  std::cout << "\n";
  EXPECT_TRUE(live::find_server(live::ServerKind::redis)) << "scripts/set-up brings redis-server";
  EXPECT_TRUE(live::find_server(live::ServerKind::valkey)) << "scripts/set-up brings valkey-server";
}

INSTANTIATE_TEST_SUITE_P(Stores, StoreConformance,
                         testing::Combine(testing::ValuesIn(stores_to_test()),
                                          testing::ValuesIn(all_checks())),
                         name_of);

class ApiConformance : public StoreConformance {};

TEST_P(ApiConformance, Holds) {
  const auto& [kind, check] = GetParam();
  const std::unique_ptr<StoreUnderTest> store = kind.open();
  check.run(*store);
}

std::vector<StoreKind> stores_in_real_time() {
  std::vector<StoreKind> kinds = stores_to_test();
  std::erase_if(kinds, [](const StoreKind& kind) { return !kind.has_real_time; });
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(Stores, ApiConformance,
                         testing::Combine(testing::ValuesIn(stores_in_real_time()),
                                          testing::ValuesIn(all_api_checks())),
                         name_of);

}  // namespace
}  // namespace exclusive_lock::conformance
