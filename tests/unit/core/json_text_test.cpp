#include "core/json_text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "core/utf8.hpp"

namespace exclusive_lock {
namespace {

using std::string_view_literals::operator""sv;

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(JsonFault, NoneForEveryKindOfValue) {
  for (const std::string_view text :
       {"null"sv, "true"sv, "false"sv, "0"sv, "-0.0"sv, "1e400"sv, "-1E-400"sv,
        "18446744073709551615"sv, "12345678901234567890123"sv, "1e99999999999999999999"sv, "\"\""sv,
        "\"\\u0000\""sv, "\"\\ud83d\\ude00\""sv, "[]"sv, "{}"sv, R"({"a":1,"a":2})"sv,
        " \t\r\n[1 , 2]\n"sv}) {
    const auto fault = json_fault(text);
    EXPECT_FALSE(fault) << text << ": " << fault->problem;
  }
}

TEST(JsonFault, TextThatIsNotOneValue) {
  for (const std::string_view text : {""sv,
                                      " "sv,
                                      "1 2"sv,
                                      "{} x"sv,
                                      "[1,]"sv,
                                      "{\"a\":1,}"sv,
                                      "{a:1}"sv,
                                      "'a'"sv,
                                      "NaN"sv,
                                      "Infinity"sv,
                                      "-"sv,
                                      "+1"sv,
                                      "01"sv,
                                      "1."sv,
                                      ".5"sv,
                                      "1e"sv,
                                      "0x10"sv,
                                      "tru"sv,
                                      "nulll"sv,
                                      "\"a"sv,
                                      "\"\n\""sv,
                                      "\"\\x\""sv,
                                      "\"\\ud800\""sv,
                                      "\"\\udc00\""sv,
                                      "\"\xFF\""sv,
                                      "\"\xC0\x80\""sv,
                                      "/*c*/1"sv,
                                      "1//c"sv,
                                      "[1"sv,
                                      "{\"a\":}"sv,
                                      "\0"sv,
                                      "1\0"sv,
                                      "\xEF\xBB\xBF"
                                      "1"sv}) {
    EXPECT_TRUE(json_fault(text)) << ::testing::PrintToString(text);
  }
}

TEST(JsonFault, PositionIsWhereItWentWrong) {
  EXPECT_EQ(json_fault("[1, 2, x]")->position, 7U);
  EXPECT_EQ(json_fault("{} x")->position, 3U);
  EXPECT_EQ(json_fault("")->position, 0U);
}

TEST(JsonFault, NestingEndsAt32Levels) {
  EXPECT_FALSE(json_fault(nested(32)));
  ASSERT_TRUE(json_fault(nested(33)));
  EXPECT_EQ(json_fault(nested(33))->problem, "nested too deeply");
  EXPECT_TRUE(json_fault(std::string(1'000'000, '[')));
}

TEST(WithoutOuterSpace, TakesJsonsOwnSpaceOnly) {
  EXPECT_EQ(without_outer_space(" \n\t1 2\r "), "1 2");
  EXPECT_EQ(without_outer_space("\v1"), "\v1");
  EXPECT_EQ(without_outer_space("  "), "");
}

TEST(JsonMembers, GivesTheTextOfEachValue) {
  const auto members =
      json_members(" { \"a\" : 1e400 ,\"b\\u0041\":[ 1, {\"x\":2}] , \"a\":\"}\" } ", 3);
  ASSERT_TRUE(members);
  ASSERT_EQ(members->size(), 3U);
  EXPECT_EQ(members->at(0).name, "a");
  EXPECT_EQ(members->at(0).value, "1e400");
  EXPECT_EQ(members->at(1).name, "bA");
  EXPECT_EQ(members->at(1).value, "[ 1, {\"x\":2}]");
  EXPECT_EQ(members->at(2).name, "a");
  EXPECT_EQ(members->at(2).value, "\"}\"");
  EXPECT_TRUE(json_members("{}", 0));
}

TEST(JsonMembers, NoneForWhatIsNoObjectOrTooLarge) {
  for (const std::string_view text :
       {""sv, "1"sv, "[1]"sv, "{"sv, "{\"a\""sv, "{\"a\":"sv, "{\"a\":1"sv, "{\"a\":1,"sv,
        "{\"a\":1,}"sv, "{,}"sv, "{\"a\" 1}"sv, "{1:2}"sv, "{\"a\":1}}"sv, "{\"a\":1} x"sv,
        "{\"a\":1 \"b\":2}"sv, "{\"a\":tru}"sv}) {
    EXPECT_FALSE(json_members(text, 10)) << text;
  }
  EXPECT_FALSE(json_members(R"({"a":1,"b":2})", 1));
  EXPECT_TRUE(json_members(R"({"a":)" + nested(32) + "}", 1));
  EXPECT_FALSE(json_members(R"({"a":)" + nested(33) + "}", 1));
}

TEST(QuoteJson, EscapesWhatMustBe) {
  EXPECT_EQ(quote_json("a\"b\\c\n\x01\xC3\xA4"), "\"a\\\"b\\\\c\\n\\u0001\xC3\xA4\"");
}

TEST(UnquoteJson, NoneForWhatIsNoString) {
  EXPECT_FALSE(unquote_json(""));
  EXPECT_FALSE(unquote_json("1"));
  EXPECT_FALSE(unquote_json("\"a"));
  EXPECT_FALSE(unquote_json("\"a\" x"));
  EXPECT_EQ(unquote_json("\"\\u0000\""), "\0"sv);
}

RC_GTEST_PROP(QuoteJson, UnquoteGivesItBack, (const std::string& bytes)) {
  const std::string text = as_utf8(bytes);
  RC_ASSERT(!json_fault(quote_json(text)));
  RC_ASSERT(unquote_json(quote_json(text)) == text);
}

// json_fault() accepts nothing that the DOM parser of the same library refuses.
RC_GTEST_PROP(JsonFault, AgreesWithTheFullReader, ()) {
  const auto piece = rc::gen::elementOf(std::vector<std::string>{
      "{", "}", "[", "]", ",", ":", "\"a\"", "1", "-0.5e3", "true", "null", " ", "\"", "\\"});
  const auto pieces = *rc::gen::container<std::vector<std::string>>(piece);
  std::string text;
  for (const auto& one : pieces) {
    text += one;
  }
  boost::system::error_code error;
  static_cast<void>(boost::json::parse(text, error));
  RC_ASSERT(json_fault(text).has_value() == error.failed());
}

}  // namespace
}  // namespace exclusive_lock
