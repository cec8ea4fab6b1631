// The judge of the fuzz targets is itself tested: it must see what it is there for.

#include "property.hpp"

#include <gtest/gtest.h>

namespace exclusive_lock::fuzz {
namespace {

using std::string_view_literals::operator""sv;

TEST(FuzzProperty, PlainTextIsFitForATerminal) {
  for (const auto text : {""sv, "abc \"~"sv, "\xC3\xA4"sv, "\xE2\x82\xAC"sv, "\xED\x9F\xBF"sv,
                          "\xF0\x9F\x94\x92"sv, "\xF4\x8F\xBF\xBF"sv, "\xC2\xA0"sv}) {
    EXPECT_TRUE(is_fit_for_terminal(text)) << text;
  }
}

TEST(FuzzProperty, WhatATerminalObeysIsNotFit) {
  for (const auto text :
       {"\x1B[31m"sv, "\n"sv, "a\tb"sv, "\0"sv, "\x7F"sv, "\xC2\x9B"sv, "\xD8\x9C"sv,
        "\xE2\x80\xAE"sv, "\xE2\x80\xA8"sv, "\xE2\x81\xA6"sv, "\xE2\x80\x8F"sv}) {
    EXPECT_FALSE(is_fit_for_terminal(text)) << text;
  }
}

TEST(FuzzProperty, OtherBytesThanUtf8AreNotFit) {
  for (const auto text : {"\x80"sv, "\xC0\x80"sv, "\xC3"sv, "\xE0\x80\x80"sv, "\xED\xA0\x80"sv,
                          "\xF4\x90\x80\x80"sv, "\xF0\x80\x80\x80"sv, "\xFF"sv, "\xE2\x82"sv}) {
    EXPECT_FALSE(is_fit_for_terminal(text)) << text;
  }
}

TEST(FuzzProperty, OneThatDoesNotHoldIsFatalAndSaysWhich) {
  EXPECT_DEATH(require(false, "two and two are four", "5\n"),
               "does not hold: two and two are four.*5.x0a");
  require(true, "nothing");
}

TEST(FuzzProperty, InputIsTakenApartAndEndsInNothing) {
  const std::uint8_t bytes[] = {7, 'a', 'b', 0, 'c', 1};
  Input input(bytes);
  EXPECT_EQ(input.byte(), 7);
  EXPECT_EQ(input.text(), "ab");
  EXPECT_FALSE(input.is_over());
  EXPECT_EQ(input.rest(), "c\x01");
  EXPECT_TRUE(input.is_over());
  EXPECT_EQ(input.number(), 0U);
  EXPECT_EQ(input.text(), "");
}

TEST(FuzzProperty, PasswordsAreFound) {
  const std::string text = with_password("redis://:\x01@host");
  EXPECT_EQ(text, "redis://:Zq9_Zq9_Zq9@host");
  EXPECT_TRUE(holds_password(text));
  EXPECT_FALSE(holds_password("redis://host"));
}

}  // namespace
}  // namespace exclusive_lock::fuzz
