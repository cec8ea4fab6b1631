// Tests the tests: a store that is broken in one way must fail the check that is there for it, and
// the very same run on the store as it should be must pass.

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <exception>
#include <string>

#include "conformance/broken_store.hpp"
#include "conformance/check.hpp"
#include "conformance/memory_under_test.hpp"

namespace exclusive_lock::conformance {
namespace {

class BrokenUnderTest final : public ScriptedMemory {
 public:
  explicit BrokenUnderTest(BrokenStore broken) : broken_(std::move(broken)) {}
  std::shared_ptr<Store> connect() override { return broken_.wrap(memory()); }

 private:
  BrokenStore broken_;
};

const Check& check_named(const Checks& checks, const std::string& name) {
  for (const Check& check : checks) {
    if (check.name == name) {
      return check;
    }
  }
  throw std::runtime_error("there is no check " + name);
}

// What the check complained of; the complaints do not count as failures of the running test.
std::vector<std::string> complaints(const Check& check, StoreUnderTest& store) {
  testing::TestPartResultArray results;
  std::vector<std::string> all;
  {
    testing::ScopedFakeTestPartResultReporter intercept(
        testing::ScopedFakeTestPartResultReporter::INTERCEPT_ALL_THREADS, &results);
    try {
      check.run(store);
    } catch (const std::exception& error) {
      all.emplace_back(error.what());
    }
  }
  for (int i = 0; i < results.size(); ++i) {
    if (results.GetTestPartResult(i).failed()) {
      all.emplace_back(results.GetTestPartResult(i).message());
    }
  }
  return all;
}

BrokenStores broken_stores() {
  BrokenStores all;
  for (const auto& some :
       {broken_in_exclusion(), broken_in_ownership(), broken_in_repetition(), broken_in_waiting(),
        broken_in_barging(), broken_in_what_was_done(), broken_in_contract()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

class BrokenStoreIsCaught : public testing::TestWithParam<BrokenStore> {};

TEST_P(BrokenStoreIsCaught, ByItsCheck) {
  const Checks checks = all_checks();
  const Check& check = check_named(checks, GetParam().caught_by);
  BrokenUnderTest broken(GetParam());
  EXPECT_FALSE(complaints(check, broken).empty())
      << check.name << " did not notice that the store " << GetParam().name;
  ScriptedMemory whole;
  for (const std::string& complaint : complaints(check, whole)) {
    ADD_FAILURE() << "about the store as it should be: " << complaint;
  }
}

INSTANTIATE_TEST_SUITE_P(Broken, BrokenStoreIsCaught, testing::ValuesIn(broken_stores()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace exclusive_lock::conformance
