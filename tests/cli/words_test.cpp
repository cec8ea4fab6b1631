// Small pure pieces of the command: passwords in texts, suggestions, the child's environment, JSON.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

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
  EXPECT_EQ(letters_apart("", "abc"), 3U);
  EXPECT_EQ(letters_apart("wiat", "wait"), 1U);
  EXPECT_EQ(letters_apart("--tll", "--ttl"), 1U);
  EXPECT_EQ(letters_apart("kitten", "sitting"), 3U);
}

TEST(Suggestion, OnlyWhatIsNear) {
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
  environment.forget_credentials();
  EXPECT_THAT(variables[2], Not(HasSubstr("secret")));
  EXPECT_EQ(environment.for_child({{"EXCLUSIVE_LOCK_FENCE", "2"}}),
            (std::vector<std::string>{"PATH=/bin", "EXCLUSIVE_LOCK_STORE=redis://h",
                                      "EXCLUSIVE_LOCK_FENCER=kept", "EXCLUSIVE_LOCK_FENCE=2"}));
}

TEST(Environment, NearlyOneOfOursIsNamed) {
  Variables wrong({"EXCLUSIVE_LOCK_STOER=local:"});
  EXPECT_THAT(Environment(wrong.data()).misspelt().value_or(""),
              HasSubstr("did you mean EXCLUSIVE_LOCK_STORE?"));
  Variables right({"EXCLUSIVE_LOCK_STORE=local:", "EXCLUSIVE_LOCK_SERVICE_HOST=10.0.0.1",
                   "EXCLUSIVE_LOCK_OWNER=x", "EXCLUSIVE_LOCK_TEST_SERVERS=/x"});
  EXPECT_EQ(Environment(right.data()).misspelt(), std::nullopt);
}

TEST(Json, WhatATerminalObeysIsEscaped) {
  EXPECT_EQ(one_line("\"a\x7f\u009b\u202e-\""), R"("a\u007f\u009b\u202e-")");
  EXPECT_EQ(one_line("\"\U000e0001\""), R"("\udb40\udc01")");
  EXPECT_EQ(one_line("{\n\t\"a\": \"\u00e4\u4e2d\"}"), "{  \"a\": \"\u00e4\u4e2d\"}");
}

TEST(Json, BytesThatAreNoTextComeAsHex) {
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

TEST(TerminalText, PrintableTextIsNotEscapedTwice) {
  EXPECT_EQ(fit_for_terminal("C:\\x \\x1b"), "C:\\x \\x1b");
  EXPECT_EQ(fit_for_terminal("\x1b[0m\\"), "\\x1b[0m\\\\");
}

}  // namespace
}  // namespace exclusive_lock::cli
