// LockDirectory where an answer is missing or too long. What it shows is tested by the conformance
// suite.

#include "exclusive_lock/lock_directory.hpp"

#include <gtest/gtest.h>

#include <future>

#include "manual_store.hpp"
#include "runtime/engine.hpp"

namespace exclusive_lock {
namespace {

constexpr const char* owner = "00112233445566778899aabbccddeeff-0000000000000001";

// The field of the first mistake that a call is refused for, and what is wrong with it.
template <class Call>
std::string refusal_of(Call call) {
  try {
    call();
  } catch (const ValidationError& error) {
    return error.mistakes().front().field + " " + error.mistakes().front().problem;
  }
  return "";
}

TEST(LockDirectoryMistakes, MissingConnectionIsOne) {
  EXPECT_EQ(refusal_of([] { LockDirectory locks(nullptr); }), "connection is missing");
}

TEST(LockDirectoryMistakes, MoreLocksThanAskedForAreAnErrorAndNotAShorterList) {
  const auto connection = connect("memory:");
  Options options;
  options.cache_connection = connection;
  options.app_name = "first";
  ExclusiveLock first(options);
  options.app_name = "second";
  ExclusiveLock second(options);
  ASSERT_TRUE(first.acquire() && second.acquire());
  const LockDirectory locks(connection);
  EXPECT_EQ(locks.list("*", 2).size(), 2U);
  EXPECT_EQ(refusal_of([&] { static_cast<void>(locks.list("*", 1)); }),
            "most is 1, but there are more locks than that");
}

class UnansweredDirectory : public ::testing::Test {
 protected:
  static StoreFailure failure(bool may_have_run) {
    return {.code = errc::outcome_unknown, .message = "no answer", .may_have_run = may_have_run};
  }
  std::shared_ptr<ManualStore> store_ = std::make_shared<ManualStore>();
  LockDirectory locks_{std::make_shared<Connection>(
      make_engine(store_, {.command_timeout = Milliseconds(1000), .log = nullptr}))};
};

TEST_F(UnansweredDirectory, RefreshThatMayHaveRunIsUnknownAndOneThatHasNotThrows) {
  for (const bool may_have_run : {true, false}) {
    auto outcome = std::async(std::launch::async,
                              [&] { return locks_.refresh("job", owner, Milliseconds(3000)); });
    store_->next_refresh().done(failure(may_have_run));
    if (may_have_run) {
      EXPECT_EQ(outcome.get(), RefreshOutcome::unknown);
    } else {
      EXPECT_THROW(outcome.get(), StoreError);
    }
  }
}

TEST_F(UnansweredDirectory, ReleaseThatMayHaveRunIsUnknownAndOneThatHasNotThrows) {
  for (const bool may_have_run : {true, false}) {
    auto outcome = std::async(std::launch::async, [&] { return locks_.release("job", owner); });
    store_->next_release().done(failure(may_have_run));
    if (may_have_run) {
      EXPECT_EQ(outcome.get(), ReleaseOutcome::unknown);
    } else {
      EXPECT_THROW(outcome.get(), StoreError);
    }
  }
}

}  // namespace
}  // namespace exclusive_lock
