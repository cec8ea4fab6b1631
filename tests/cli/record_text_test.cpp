// Records as text: what is cut.

#include "cli/output/record_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "cli/environment.hpp"
#include "cli/output/json.hpp"

namespace exclusive_lock::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class RecordText : public ::testing::Test {
 protected:
  // The text for a lock with `waiting` waiters, of which the record lists `shown`.
  [[nodiscard]] std::string inspected(std::size_t waiting, std::size_t shown) const {
    LockRecord record;
    record.name = "job";
    record.kind = RecordKind::ours;
    record.waiting = waiting;
    for (std::size_t i = 1; i <= shown; ++i) {
      record.waiters.emplace_back().host = "host-" + std::to_string(i) + "-";
    }
    return inspect_text(record, WallTime{}, Terminal(-1, environment_));
  }

 private:
  std::array<char*, 1> variables_{nullptr};
  Environment environment_{variables_.data()};
};

TEST_F(RecordText, TwentyWaitersAreAllShown) {
  EXPECT_THAT(inspected(20, 20), AllOf(HasSubstr("20. host-20-"), Not(HasSubstr("more"))));
}

TEST_F(RecordText, FirstTwentyWaitersAreShownAndTheOthersCounted) {
  EXPECT_THAT(inspected(5000, 100), AllOf(HasSubstr("20. host-20-"), Not(HasSubstr("host-21-")),
                                          HasSubstr("and 4980 more\n")));
}

TEST(WaiterAsJson, SaysSinceWhenItWaits) {
  LockWaiter waiter;
  EXPECT_THAT(to_json(waiter).text(), HasSubstr(R"("since":null)"));
  waiter.since = WallTime{};
  EXPECT_THAT(to_json(waiter).text(), HasSubstr(R"("since":"1970-01-01T00:00:00)"));
}

}  // namespace
}  // namespace exclusive_lock::cli
