#include "exclusive_lock/contents.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>
#include <limits>
#include <string>
#include <string_view>

#include "core/utf8.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

using std::string_view_literals::operator""sv;

template <class Call>
Mistake mistake_of(Call call) {
  try {
    call();
  } catch (const ValidationError& error) {
    EXPECT_EQ(error.mistakes().size(), 1U);
    return error.mistakes().at(0);
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

TEST(Contents, EveryKindHasItsText) {
  EXPECT_EQ(Contents().text(), "1");
  EXPECT_EQ(Contents(nullptr).text(), "null");
  EXPECT_EQ(Contents(true).text(), "true");
  EXPECT_EQ(Contents(false).text(), "false");
  EXPECT_EQ(Contents(-7).text(), "-7");
  EXPECT_EQ(Contents(std::numeric_limits<std::uint64_t>::max()).text(), "18446744073709551615");
  EXPECT_EQ(Contents(std::numeric_limits<std::int64_t>::min()).text(), "-9223372036854775808");
  EXPECT_EQ(Contents("pod-7").text(), "\"pod-7\"");
  EXPECT_EQ(Contents(std::string("a\"b")).text(), "\"a\\\"b\"");
  EXPECT_EQ(Contents("a\0b"sv).text(), "\"a\\u0000b\"");
  EXPECT_EQ(Contents("").text(), "\"\"");
  EXPECT_EQ(Contents("\xE6\x97\xA5").text(), "\"\xE6\x97\xA5\"");
}

TEST(Contents, NumbersWithAFractionAreExactAndShort) {
  EXPECT_EQ(Contents(0.1).text(), "0.1");
  EXPECT_EQ(Contents(-0.0).text(), "-0");
  EXPECT_EQ(Contents(1e300).text(), "1e+300");
  EXPECT_EQ(Contents(0.5F).text(), "0.5");
}

RC_GTEST_PROP(Contents, ADoubleIsReadBackAsItWas, (double value)) {
  RC_ASSERT(std::stod(Contents(value).text()) == value);
  RC_ASSERT(Contents::parse(Contents(value).text()) == Contents(value));
}

TEST(Contents, WhatJsonDoesNotHaveIsRefused) {
  EXPECT_EQ(mistake_of([] { Contents{std::numeric_limits<double>::infinity()}; }).field,
            "lock_contents");
  EXPECT_THROW(Contents{-std::numeric_limits<double>::infinity()}, ValidationError);
  EXPECT_THROW(Contents{std::numeric_limits<double>::quiet_NaN()}, ValidationError);
  EXPECT_EQ(mistake_of([] { Contents{"ab\xFF"}; }).problem, "is not UTF-8 at byte 2");
}

TEST(Contents, ParseKeepsTheTextLessOuterSpace) {
  for (const std::string_view text : {"1e400"sv, "12345678901234567890123"sv, "-0.0"sv,
                                      R"({"a":1,"a":2})"sv, "[ 1 , 2 ]"sv, "\"\\u00e4\""sv}) {
    EXPECT_EQ(Contents::parse(text).text(), text);
    EXPECT_EQ(Contents::parse(" \t\r\n" + std::string(text) + " \n").text(), text);
  }
}

TEST(Contents, ParseNamesWhatIsWrongAndWhere) {
  const Mistake mistake = mistake_of([] { Contents::parse(R"({"a": x})"); });
  EXPECT_EQ(mistake.field, "lock_contents");
  EXPECT_NE(mistake.problem.find("at byte 6"), std::string::npos) << mistake.problem;
  const Mistake deep =
      mistake_of([] { Contents::parse(std::string(33, '[') + std::string(33, ']')); });
  EXPECT_NE(deep.problem.find("nested too deeply"), std::string::npos) << deep.problem;
  EXPECT_NE(deep.allowed.find("32"), std::string::npos) << deep.allowed;
  EXPECT_THROW(Contents::parse(""), ValidationError);
  EXPECT_THROW(Contents::parse("1 2"), ValidationError);
  EXPECT_THROW(Contents::parse("pod-7"), ValidationError);
}

TEST(Contents, ObjectIsBuiltInOrder) {
  EXPECT_EQ(Contents::object({}).text(), "{}");
  EXPECT_EQ(
      Contents::object({{"pod", "a"}, {"shard", 17}, {"in", Contents::object({{"x", nullptr}})}})
          .text(),
      R"({"pod":"a","shard":17,"in":{"x":null}})");
  EXPECT_EQ(Contents::object({{"a\"b", 1}}).text(), R"({"a\"b":1})");
}

TEST(Contents, ObjectRefusesNamesThatAreNotUtf8OrOccurTwice) {
  EXPECT_THROW(Contents::object({{"\xFF", 1}}), ValidationError);
  EXPECT_THROW(Contents::object({{"a", 1}, {"b", 2}, {"a", 3}}), ValidationError);
}

TEST(Contents, ObjectsNestTo32Levels) {
  Contents contents = Contents::object({});
  for (int level = 2; level <= 32; ++level) {
    contents = Contents::object({{"in", contents}});
  }
  EXPECT_THROW(Contents::object({{"in", contents}}), ValidationError);
  EXPECT_EQ(Contents::parse(contents.text()), contents);
}

TEST(Contents, AsPlainTextTakesTheQuotesOff) {
  EXPECT_EQ(Contents("a\n\"b").as_plain_text(), "a\n\"b");
  EXPECT_EQ(Contents::parse(R"("\u00e4")").as_plain_text(), "\xC3\xA4");
  EXPECT_EQ(Contents(17).as_plain_text(), "17");
  EXPECT_EQ(Contents::parse("[\"a\"]").as_plain_text(), "[\"a\"]");
}

RC_GTEST_PROP(Contents, AStringIsReadBackAsItWas, (const std::string& bytes)) {
  const std::string text = as_utf8(bytes);
  RC_ASSERT(Contents(text).as_plain_text() == text);
  RC_ASSERT(boost::json::parse(Contents(text).text()).as_string() == text);
}

}  // namespace
}  // namespace exclusive_lock
