#include "exclusive_lock/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace exclusive_lock {
namespace {

constexpr int last_code = static_cast<int>(errc::lock_lost);

TEST(ErrorCategory, EveryCodeHasAMessageOfItsOwn) {
  std::set<std::string> messages;
  for (int code = 1; code <= last_code; ++code) {
    messages.insert(error_category().message(code));
  }
  EXPECT_EQ(messages.size(), static_cast<std::size_t>(last_code));
  EXPECT_FALSE(messages.contains(""));
}

TEST(ErrorCategory, UnknownCodeHasAMessageToo) {
  EXPECT_EQ(error_category().message(last_code + 1), "unknown error of exclusive_lock");
  EXPECT_EQ(error_category().message(0), "unknown error of exclusive_lock");
}

TEST(ErrorCode, IsMadeFromErrc) {
  const std::error_code code = errc::store_busy;
  EXPECT_EQ(code.category(), error_category());
  EXPECT_TRUE(code);
  EXPECT_EQ(code, errc::store_busy);
  EXPECT_NE(code, errc::store_full);
  EXPECT_STREQ(code.category().name(), "exclusive_lock");
}

TEST(ValidationError, OneMistakeIsOneLine) {
  const ValidationError error({{"lock_ttl", "is -1 ms", "100 ms to 7 days"}});
  EXPECT_STREQ(error.what(), "lock_ttl is -1 ms; allowed: 100 ms to 7 days");
  EXPECT_EQ(error.code(), std::errc::invalid_argument);
}

TEST(ValidationError, SeveralMistakesAreALineEach) {
  const ValidationError error({{"app_name", "is empty", "1 to 512 bytes"},
                               {"store URL: port", "is 70000", "1 to 65535"},
                               {"store URL", "holds a control character", ""}});
  EXPECT_STREQ(error.what(),
               "3 mistakes:\n"
               "  app_name is empty; allowed: 1 to 512 bytes\n"
               "  store URL: port is 70000; allowed: 1 to 65535\n"
               "  store URL holds a control character");
  EXPECT_EQ(error.mistakes().size(), 3U);
}

TEST(ValidationError, IsCaughtAsSystemErrorWithItsText) {
  try {
    throw ValidationError({{"a", "b", "c"}});
  } catch (const std::system_error& error) {
    EXPECT_STREQ(error.what(), "a b; allowed: c");
  }
}

}  // namespace
}  // namespace exclusive_lock
