// Small pure functions of the command: passwords in texts, suggestions, the child's environment,
// JSON.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "cli/environment.hpp"
#include "cli/output/json.hpp"
#include "cli/output/terminal.hpp"
#include "cli/secrets.hpp"
#include "cli/suggestion.hpp"

namespace exclusive_lock::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Secrets, UserInformationIsOverwrittenInPlace) {
  std::string program = "exclusive-lock";
  std::string option = "--store=redis://user:p@ss/word@host:1/2";
  std::string plain = "redis://host:1/2";
  std::array<char*, 4> argv{program.data(), option.data(), plain.data(), nullptr};
  const auto taken = take_arguments(3, argv.data());
  EXPECT_EQ(taken, (std::vector<std::string>{"--store=redis://user:p@ss/word@host:1/2",
                                             "redis://host:1/2"}));
  EXPECT_EQ(option, "--store=redis://" + std::string(14, '*') + "@host:1/2");
  EXPECT_EQ(plain, "redis://host:1/2");
}

TEST(Secrets, UrlsLoseTheirCredentials) {
  EXPECT_EQ(without_credentials("redis://user:secret@host:1"), "redis://host:1");
  EXPECT_EQ(without_credentials("redis://:sec/r@t@host"), "redis://host");
  EXPECT_EQ(without_credentials("redis://host"), "redis://host");
  EXPECT_EQ(without_credentials("local:"), "local:");
  EXPECT_EQ(without_credentials("a@b"), "a@b");
}

TEST(Suggestion, CountsSwappedNeighboursOnce) {
  EXPECT_EQ(edit_distance("", "abc"), 3U);
  EXPECT_EQ(edit_distance("wiat", "wait"), 1U);
  EXPECT_EQ(edit_distance("--tll", "--ttl"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Suggestion, NearestWordOnlyWithinAThirdOfItsLetters) {
  const std::vector<std::string> known{"run", "acquire", "release", "refresh"};
  EXPECT_EQ(nearest("rnu", known), "run");
  EXPECT_EQ(nearest("relaese", known), "release");
  EXPECT_EQ(nearest("banana", known), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'r'), known), std::nullopt);
}

class Variables {
 public:
  explicit Variables(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (std::string& text : texts_) {
      pointers_.push_back(text.data());
    }
    pointers_.push_back(nullptr);
  }
  char** data() { return pointers_.data(); }
  const std::string& operator[](std::size_t i) const { return texts_[i]; }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

TEST(Environment, ChildGetsFactsAndNoPassword) {
  Variables variables({"PATH=/bin", "EXCLUSIVE_LOCK_STORE=redis://u:secret@h",
                       "EXCLUSIVE_LOCK_CREDENTIALS=secret", "EXCLUSIVE_LOCK_FENCE=1",
                       "EXCLUSIVE_LOCK_FENCER=kept"});
  Environment environment(variables.data());
  EXPECT_EQ(environment.store_url(), "redis://u:secret@h");
  EXPECT_THAT(variables[1], Not(HasSubstr("secret")));
  environment.hide_credentials();
  EXPECT_THAT(variables[2], Not(HasSubstr("secret")));
  EXPECT_STREQ(std::getenv("EXCLUSIVE_LOCK_CREDENTIALS"), "secret");
  ::unsetenv("EXCLUSIVE_LOCK_CREDENTIALS");
  EXPECT_EQ(environment.for_child({{"EXCLUSIVE_LOCK_FENCE", "2"}}),
            (std::vector<std::string>{"PATH=/bin", "EXCLUSIVE_LOCK_STORE=redis://h",
                                      "EXCLUSIVE_LOCK_FENCER=kept", "EXCLUSIVE_LOCK_FENCE=2"}));
}

TEST(Environment, MisspeltVariableIsNamed) {
  Variables wrong({"EXCLUSIVE_LOCK_STOER=local:"});
  EXPECT_THAT(Environment(wrong.data()).misspelt().value_or(""),
              HasSubstr("did you mean EXCLUSIVE_LOCK_STORE?"));
  Variables nearly({"EXCLUSIVE_LOCK_KEY_PREFX=a"});
  EXPECT_THAT(Environment(nearly.data()).misspelt().value_or(""),
              HasSubstr("did you mean EXCLUSIVE_LOCK_KEY_PREFIX?"));
  Variables right({"EXCLUSIVE_LOCK_STORE=local:", "EXCLUSIVE_LOCK_SERVICE_HOST=10.0.0.1",
                   "EXCLUSIVE_LOCK_OWNER=x", "EXCLUSIVE_LOCK_TEST_SERVERS=/x",
                   "EXCLUSIVE_LOCK_KEY_PREFIX=a", "EXCLUSIVE_LOCK_CA_FILE=/x"});
  EXPECT_EQ(Environment(right.data()).misspelt(), std::nullopt);
}

// A variable's name may hold any byte but '=', and the message quotes it.
TEST(Environment, NameOfAVariableReachesNoTerminalRaw) {
  Variables hostile({"EXCLUSIVE_LOCK_STOR\x1b=local:"});
  const std::string text = Environment(hostile.data()).misspelt().value_or("");
  EXPECT_THAT(text, HasSubstr("EXCLUSIVE_LOCK_STOR\\x1b,"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(Json, ControlAndDirectionCharactersAreEscaped) {
  EXPECT_EQ(one_line("\"a\x7f\u009b\u202e-\""), R"("a\u007f\u009b\u202e-")");
  EXPECT_EQ(one_line("\"\U000e0001\""), R"("\udb40\udc01")");
  EXPECT_EQ(one_line("{\n\t\"a\": \"\u00e4\u4e2d\"}"), "{  \"a\": \"\u00e4\u4e2d\"}");
}

TEST(Json, BytesThatAreNotUtf8AreHex) {
  JsonObject object;
  object.add_bytes("text", "a\"\n\x1b").add_bytes("bytes", "\xff\x01").add("none", nullptr);
  EXPECT_EQ(object.text(), R"({"text":"a\"\n\u001b","bytes":{"hex":"ff01"},"none":null})");
}

TEST(Json, ArraysOfNoneOneAndTwo) {
  EXPECT_EQ(json_array({}), "[]");
  EXPECT_EQ(json_array({"1"}), "[\n1\n]");
  EXPECT_EQ(json_array({"1", "2"}), "[\n1,\n2\n]");
}

TEST(TerminalText, IsCutAtCharacters) {
  EXPECT_EQ(cut_to("abc", 3), "abc");
  EXPECT_EQ(cut_to("abcd", 3), "ab\u2026");
  EXPECT_EQ(cut_to("\u00e4\u00e4\u00e4\u00e4", 3), "\u00e4\u00e4\u2026");
  EXPECT_EQ(cut_to("abcd", 0), "");
}

TEST(TerminalText, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(columns("\u4e2d\u6587"), 4U);
  EXPECT_EQ(columns("e\u0301"), 1U) << "a combining accent takes none";
  EXPECT_EQ(columns("\u00e4b"), 2U);
  EXPECT_EQ(cut_to("\u4e2d\u6587\u5b57", 4), "\u4e2d\u2026");
  EXPECT_EQ(cut_to("\u4e2d\u6587\u5b57", 5), "\u4e2d\u6587\u2026");
}

TEST(TerminalText, IsCutByBytesBetweenCharacters) {
  EXPECT_EQ(cut_to_bytes("abc", 3), "abc");
  EXPECT_EQ(cut_to_bytes("abcdef", 5), "ab\u2026");
  EXPECT_EQ(cut_to_bytes("\u00e4\u00e4\u00e4", 5), "\u00e4\u2026");
  EXPECT_EQ(cut_to_bytes("\u00e4\u00e4\u00e4", 4), "\u2026");
}

TEST(NaturalOrder, CountsDigitsAsNumbers) {
  EXPECT_TRUE(is_naturally_before("job-2", "job-10"));
  EXPECT_FALSE(is_naturally_before("job-10", "job-2"));
  EXPECT_TRUE(is_naturally_before("a", "b"));
  EXPECT_TRUE(is_naturally_before("a", "a1"));
  EXPECT_TRUE(is_naturally_before("a01", "a1")) << "equal numbers: by bytes";
  EXPECT_FALSE(is_naturally_before("a1", "a01"));
  EXPECT_FALSE(is_naturally_before("a1", "a1"));
  EXPECT_TRUE(is_naturally_before("1x99999999999999999999999", "1x100000000000000000000000"));
}

TEST(TerminalText, PrintableTextIsNotEscapedTwice) {
  EXPECT_EQ(fit_for_terminal("C:\\x \\x1b"), "C:\\x \\x1b");
  EXPECT_EQ(fit_for_terminal("\x1b[0m\\"), "\\x1b[0m\\\\");
}

}  // namespace
}  // namespace exclusive_lock::cli
