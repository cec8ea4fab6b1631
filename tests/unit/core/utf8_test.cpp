#include "core/utf8.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <string_view>

namespace exclusive_lock {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view replacement = "\xEF\xBF\xBD";

TEST(Utf8, FirstCodePointOfEveryLength) {
  const auto expect = [](std::string_view text, char32_t value, std::size_t size) {
    const auto point = first_code_point(text);
    ASSERT_TRUE(point) << text;
    EXPECT_EQ(point->value, value);
    EXPECT_EQ(point->size, size);
  };
  expect("\0x"sv, 0, 1);
  expect("\x7F", 0x7F, 1);
  expect("\xC2\x80", 0x80, 2);
  expect("\xDF\xBFz", 0x7FF, 2);
  expect("\xE0\xA0\x80", 0x800, 3);
  expect("\xED\x9F\xBF", 0xD7FF, 3);
  expect("\xEE\x80\x80", 0xE000, 3);
  expect("\xEF\xBF\xBF", 0xFFFF, 3);
  expect("\xF0\x90\x80\x80", 0x10000, 4);
  expect("\xF4\x8F\xBF\xBF", 0x10FFFF, 4);
}

TEST(Utf8, OtherBytesAreNoCodePoint) {
  for (const std::string_view text : {
           ""sv,
           "\x80"sv,              // a continuation without a lead
           "\xC3"sv,              // cut short
           "\xC3("sv,             // a lead without a continuation
           "\xC0\x80"sv,          // NUL in two bytes
           "\xC1\xBF"sv,          // DEL in two bytes
           "\xE0\x9F\xBF"sv,      // U+07FF in three bytes
           "\xF0\x8F\xBF\xBF"sv,  // U+FFFF in four bytes
           "\xED\xA0\x80"sv,      // a surrogate
           "\xED\xBF\xBF"sv,
           "\xF4\x90\x80\x80"sv,  // above U+10FFFF
           "\xF8\x88\x80\x80\x80"sv,
           "\xFF"sv,
       }) {
    EXPECT_FALSE(first_code_point(text)) << ::testing::PrintToString(text);
  }
}

TEST(Utf8, FirstNonUtf8NamesThePosition) {
  EXPECT_EQ(first_non_utf8("plain \xC3\xA4"), std::nullopt);
  EXPECT_EQ(first_non_utf8(""), std::nullopt);
  EXPECT_EQ(first_non_utf8("\xC3\xA4\xFFx"), 2U);
}

TEST(Utf8, AsUtf8ReplacesEachByteThatIsNot) {
  const std::string mark(replacement);
  EXPECT_EQ(as_utf8("a\xFF\xFE z"), "a" + mark + mark + " z");
  EXPECT_EQ(as_utf8("\xE2\x82"), mark + mark);
  EXPECT_EQ(as_utf8("\xE2\x82\xAC"), "\xE2\x82\xAC");
}

RC_GTEST_PROP(Utf8, AsUtf8IsAlwaysUtf8AndChangesNothingThatIs, (const std::string& bytes)) {
  const std::string text = as_utf8(bytes);
  RC_ASSERT(!first_non_utf8(text));
  RC_ASSERT(as_utf8(text) == text);
  RC_ASSERT((text == bytes) == !first_non_utf8(bytes).has_value());
}

}  // namespace
}  // namespace exclusive_lock
