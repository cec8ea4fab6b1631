#include "core/key_codec.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/options.hpp"

namespace exclusive_lock {
namespace {

using std::string_view_literals::operator""sv;

TEST(EncodeName, LettersDigitsAndThreeMarksStay) {
  EXPECT_EQ(encode_name("azAZ09_-."), "azAZ09_-.");
  EXPECT_EQ(encode_name(""), "");
}

TEST(EncodeName, EveryOtherByteIsSpelledInHex) {
  EXPECT_EQ(encode_name("a b/c:d%e{f}*?[\n"), "a%20b%2Fc%3Ad%25e%7Bf%7D%2A%3F%5B%0A");
  EXPECT_EQ(encode_name("\0\x7F\xFF"sv), "%00%7F%FF");
  EXPECT_EQ(encode_name("\xC3\xA4"), "%C3%A4");
}

TEST(DecodeName, NoneForWhatEncodeNameDoesNotWrite) {
  for (const std::string_view text : {"%"sv, "%4"sv, "%2f"sv, "%GG"sv, "a b"sv, "%61"sv, "%2D"sv,
                                      "{"sv, ":"sv, "\0"sv, "%%2F"sv, "\xC3\xA4"sv}) {
    EXPECT_FALSE(decode_name(text)) << text;
  }
}

RC_GTEST_PROP(EncodeName, DecodeGivesItBack, (const std::string& name)) {
  RC_ASSERT(decode_name(encode_name(name)) == name);
}

RC_GTEST_PROP(DecodeName, WhatItReadsIsSpelledInOneWayOnly, ()) {
  const auto text = *rc::gen::container<std::string>(
      rc::gen::elementOf(std::string("%%%%0123456789ABCDEFabf-./:{ ")));
  const auto name = decode_name(text);
  // RC_ASSERT would evaluate both sides of an || without the second parentheses.
  RC_ASSERT((!name || encode_name(*name) == text));
}

TEST(RecordKey, NamesThatTheOriginalMergesStayApart) {
  const std::vector<std::string> names{"a b",  "a-b", "a  b", "a/b",  "a{b", "a}b",
                                       "日本", "語",  "A b",  "a b ", "",    "%20"};
  std::set<std::string> keys;
  for (const auto& name : names) {
    keys.insert(record_key("exclusive-lock", name));
  }
  EXPECT_EQ(keys.size(), names.size());
  EXPECT_EQ(record_key("exclusive-lock", "a b"), "exclusive-lock:a%20b");
}

TEST(NameOfKey, FindsTheNameBehindThePrefix) {
  EXPECT_EQ(name_of_key("p", "p:a%20b"), "a b");
  EXPECT_EQ(name_of_key("p:q", "p:q:a"), "a");
  EXPECT_FALSE(name_of_key("p", "p:"));
  EXPECT_FALSE(name_of_key("p", "p"));
  EXPECT_FALSE(name_of_key("p", "pa"));
  EXPECT_FALSE(name_of_key("p", "pa:a"));
  EXPECT_FALSE(name_of_key("p", "q:a"));
  EXPECT_FALSE(name_of_key("p", "p:q:a"));  // that is the name "a" below the prefix "p:q"
  EXPECT_FALSE(name_of_key("p", "p:a b"));
}

RC_GTEST_PROP(NameOfKey, GivesBackTheNameOfEveryKey, (const std::string& name)) {
  const std::string key = record_key("exclusive-lock", name);
  RC_ASSERT(name_of_key("exclusive-lock", key) ==
            (name.empty() ? std::nullopt : std::optional(name)));
}

// The part of a key that a cluster hashes (Redis Cluster specification), independent of the code
// under test.
std::string hashed_part(const std::string& key) {
  for (std::size_t i = 0; i < key.size(); ++i) {
    if (key[i] == '{') {
      for (std::size_t j = i + 1; j < key.size(); ++j) {
        if (key[j] == '}') {
          return j == i + 1 ? key : key.substr(i + 1, j - i - 1);
        }
      }
      return key;
    }
  }
  return key;
}

TEST(FenceKey, LiesInTheKeysOwnSlot) {
  EXPECT_EQ(fence_key("exclusive-lock:job"), "{exclusive-lock:job}:fence");
  EXPECT_EQ(fence_key("exclusive-lock:{u}:1"), "exclusive-lock:{u}:1:fence");
  EXPECT_EQ(fence_key("a{b"), "{a{b}:fence");
  EXPECT_EQ(fence_key("{a}{b}"), "{a}{b}:fence");
  EXPECT_EQ(fence_key("{a}x"), "{a}x:fence");
  EXPECT_EQ(fence_key("a}b{c}d"), "a}b{c}d:fence");
}

TEST(FenceKey, NoneWhereThereIsNoSuchKey) {
  for (const std::string_view key : {""sv, "a}b"sv, "{}x"sv, "{}{a}"sv, "}"sv, "{}"sv, "x{}"sv}) {
    EXPECT_FALSE(fence_key(key)) << key;
  }
  EXPECT_FALSE(fence_key("{job}"));  // "{job}:fence" belongs to the key "job"
}

std::string braced_text() {
  return *rc::gen::container<std::string>(rc::gen::elementOf(std::string("{}{}ab:")));
}

RC_GTEST_PROP(FenceKey, IsHashedLikeItsKey, ()) {
  const std::string key = braced_text();
  const auto side = fence_key(key);
  RC_ASSERT((!side || hashed_part(*side) == hashed_part(key)));
}

TEST(FenceKey, TwoKeysNeverShareOne) {
  const std::string letters = "{}a:";
  std::vector<std::string> keys{""};
  std::set<std::string> sides;
  std::size_t given = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {  // all texts of up to six of those letters
    if (keys[i].size() < 6) {
      for (const char letter : letters) {
        keys.push_back(keys[i] + letter);
      }
    }
    if (const auto side = fence_key(keys[i])) {
      ++given;
      sides.insert(*side);
    }
  }
  EXPECT_GT(given, 100U);
  EXPECT_EQ(sides.size(), given);
}

TEST(IsSideKey, TrueForSideKeysOnly) {
  EXPECT_TRUE(is_side_key("{exclusive-lock:a}:fence"));
  EXPECT_TRUE(is_side_key("{exclusive-lock:a}:queue"));
  EXPECT_TRUE(is_side_key("{exclusive-lock:a}:waiters"));
  EXPECT_TRUE(is_side_key("{exclusive-lock:a}:done"));
  EXPECT_TRUE(is_side_key("x{u}y:fence"));
  EXPECT_FALSE(is_side_key("exclusive-lock:a:fence"));
  EXPECT_FALSE(is_side_key("{exclusive-lock:a}"));
  EXPECT_FALSE(is_side_key("{}:fence"));
  EXPECT_FALSE(is_side_key(":fence"));
  EXPECT_FALSE(is_side_key("{a}:fences"));
}

TEST(DoneKey, NamesItsKeyUnlessThatHasATagOfItsOwn) {
  EXPECT_EQ(done_key("exclusive-lock:a"), "{exclusive-lock:a}:done");
  EXPECT_EQ(key_of_done_key("{exclusive-lock:a}:done"), "exclusive-lock:a");
  EXPECT_EQ(done_key("job{a}"), "job{a}:done");
  for (const char* other :
       {"job{a}:done", "{a}:fence", "{}:done", "{a}b}:done", "{a:done", "a}:done", ":done", ""}) {
    EXPECT_FALSE(key_of_done_key(other)) << other;
  }
}

RC_GTEST_PROP(IsSideKey, TrueForEveryFenceKeyAndFalseForEveryRecordKey, (const std::string& name)) {
  const auto side = fence_key(braced_text());
  RC_ASSERT((!side || is_side_key(*side)));
  RC_ASSERT(!is_side_key(record_key("exclusive-lock", name)));
  RC_ASSERT(!is_side_key(record_key("exclusive-lock", name + ":fence")));
  RC_ASSERT(is_side_key(fence_key(record_key("exclusive-lock", name)).value()));
}

// The results of name.replace(/[\s\W]+/g, '-') in Node 18.
TEST(SeedKey, SpellsNamesAsTheOriginalDoes) {
  const auto slug = [](std::string_view name) { return seed_key(name, ""); };
  EXPECT_EQ(slug("a b"), ":a-b");
  EXPECT_EQ(slug("a-b"), ":a-b");
  EXPECT_EQ(slug("a  -- b"), ":a-b");
  EXPECT_EQ(slug("ty\xC3\xB6"), ":ty-");
  EXPECT_EQ(slug("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"), ":-");
  EXPECT_EQ(slug("\xF0\x9F\x98\x80x"), ":-x");
  EXPECT_EQ(slug("\xC2\xA0x"), ":-x");
  EXPECT_EQ(slug("_a_"), ":_a_");
  EXPECT_EQ(slug("a.b:c/d"), ":a-b-c-d");
  EXPECT_EQ(slug("@AZ[`az{/09:"), ":-AZ-az-09-");  // the neighbours of each range
  EXPECT_EQ(slug("A\nB\0C"sv), ":A-B-C");
  EXPECT_EQ(slug(""), ":");
  EXPECT_EQ(slug("-"), ":-");
}

TEST(SeedKey, TakesEitherPrefixOfTheOriginal) {
  EXPECT_EQ(seed_key("nightly report"), "exclusive-lock:nightly-report");
  EXPECT_EQ(seed_key("nightly report", "lock-manager"), "lock-manager:nightly-report");
  EXPECT_EQ(seed_key("x", "my app"), "my-app:x");
}

}  // namespace
}  // namespace exclusive_lock
