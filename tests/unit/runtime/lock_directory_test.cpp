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

TEST(LockDirectoryKeys, AreUsedAsTheyStand) {
  const auto connection = connect("memory:");
  Options options;
  options.cache_connection = connection;
  options.app_name = "job";
  options.key = "elsewhere:{job}";
  options.detached = true;
  ExclusiveLock lock(options);
  ASSERT_TRUE(lock.acquire());
  LockDirectory locks(connection);
  EXPECT_FALSE(locks.inspect("job"));
  EXPECT_EQ(locks.inspect_key(*options.key)->name, *options.key);
  EXPECT_EQ(locks.refresh_key(*options.key, lock.owner(), Milliseconds(3000)),
            RefreshOutcome::refreshed);
  EXPECT_EQ(locks.release_key(*options.key, lock.owner()), ReleaseOutcome::released);
  EXPECT_EQ(refusal_of([&] { static_cast<void>(locks.inspect_key("")); }), "key is empty");
  EXPECT_EQ(refusal_of([&] { locks.refresh_key("a}b", owner, Milliseconds(3000)); }).substr(0, 4),
            "key ");
}

class LockDirectoryPatterns : public ::testing::Test {
 protected:
  [[nodiscard]] bool fits(const std::string& pattern, const std::string& name) {
    Options options;
    options.cache_connection = connection_;
    options.app_name = name;
    ExclusiveLock lock(options);
    EXPECT_TRUE(lock.acquire());
    return LockDirectory(connection_).list(pattern).size() == 1;
  }

 private:
  std::shared_ptr<Connection> connection_ = connect("memory:");
};

TEST_F(LockDirectoryPatterns, CountCharactersOfUtf8) {
  EXPECT_TRUE(fits("j?b", "j\u00f6b"));
  EXPECT_FALSE(fits("j??b", "j\u00f6b"));
  EXPECT_TRUE(fits("j[\u00e4\u00f6]b", "j\u00f6b"));
  EXPECT_TRUE(fits("j[\u00e0-\u00ff]b", "j\u00f6b"));
  EXPECT_TRUE(fits("b?", "b\xff")) << "what is no UTF-8 has bytes";
  EXPECT_TRUE(fits("b\xff", "b\xff"));
}

TEST_F(LockDirectoryPatterns, AreThoseOfTheShell) {
  for (const auto& [pattern, name] : {std::pair("*", "a/b"),
                                      {"a*", "a"},
                                      {"*b", "aab"},
                                      {"a*b*c", "a-b-b-c"},
                                      {"**", "x"},
                                      {"[abc]x", "bx"},
                                      {"[a-c]x", "bx"},
                                      {"[!a]x", "bx"},
                                      {"[^a]x", "bx"},
                                      {"[]a]", "]"},
                                      {"[!]a]", "b"},
                                      {"[a-]", "-"},
                                      {"\\*", "*"},
                                      {"\\[a", "[a"},
                                      {"[a", "[a"},
                                      {"a\\", "a\\"},
                                      {"?", "*"}}) {
    EXPECT_TRUE(fits(pattern, name)) << pattern << " " << name;
  }
  for (const auto& [pattern, name] : {std::pair("a", "ab"),
                                      {"a?", "a"},
                                      {"*b", "ba"},
                                      {"[abc]", "d"},
                                      {"[!b]x", "bx"},
                                      {"\\*", "a"},
                                      {"", "a"},
                                      {"a*b", "ac"},
                                      {"A", "a"},
                                      {"[]a]", "b"}}) {
    EXPECT_FALSE(fits(pattern, name)) << pattern << " " << name;
  }
  EXPECT_FALSE(fits("*a*a*a*a*a*a*a*a*a*a*a*b", std::string(400, 'a'))) << "and takes no time";
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
