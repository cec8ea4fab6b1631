// A walk over the pages of a list, with replies by hand.

#include "stores/redis/list_walk.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exclusive_lock/error.hpp"
#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Step = ListWalk::Step;

Reply page(const std::string& cursor, const std::vector<std::string>& keys) {
  return array({text(cursor), texts(keys)});
}

Reply value(const std::string& what) { return texts({"echo", "1", "20", what, "0", ""}); }

Reply gone(const std::string& mark = "") { return texts({"echo", "1", "-2", "", "0", mark}); }

std::vector<std::string> keys_of(const ListWalk::Found& reply) {
  std::vector<std::string> keys;
  for (const StoredRecord& record : reply.records) {
    keys.push_back(record.key);
  }
  return keys;
}

TEST(ListWalk, GoesFromCursorToCursorUntilItIsZeroAgain) {
  ListWalk walk(10);
  EXPECT_EQ(walk.next(), Step::scan);
  EXPECT_EQ(walk.cursor(), "0");
  EXPECT_FALSE(walk.on_page(page("17", {})));
  EXPECT_EQ(walk.next(), Step::scan);
  EXPECT_EQ(walk.cursor(), "17");
  EXPECT_FALSE(walk.on_page(page("0", {"p:a"})));
  EXPECT_EQ(walk.next(), Step::inspect);
  const auto keys = walk.take_keys();
  EXPECT_THAT(keys, ElementsAre("p:a"));
  EXPECT_FALSE(walk.on_values(keys, std::vector{value("v")}));
  EXPECT_EQ(walk.next(), Step::end);
  const ListWalk::Found reply = walk.take();
  EXPECT_THAT(keys_of(reply), ElementsAre("p:a"));
  EXPECT_FALSE(reply.truncated);
}

TEST(ListWalk, AsksForEachKeyOnceAndForNoSideKey) {
  ListWalk walk(10);
  EXPECT_FALSE(walk.on_page(page("1", {"p:a", "{p:a}:fence", "p:b", "p:a", "{p:a}:queue"})));
  EXPECT_THAT(walk.take_keys(), UnorderedElementsAre("p:a", "p:b"));
  EXPECT_FALSE(walk.on_page(page("0", {"p:b", "p:c"})));
  EXPECT_THAT(walk.take_keys(), ElementsAre("p:c"));
}

TEST(ListWalk, AsksForAFewAtATime) {
  std::vector<std::string> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back("p:" + std::to_string(i));
  }
  ListWalk walk(100);
  EXPECT_FALSE(walk.on_page(page("0", many)));
  EXPECT_EQ(walk.take_keys().size(), 64U);
  EXPECT_EQ(walk.take_keys().size(), 36U);
  EXPECT_EQ(walk.next(), Step::end);
}

TEST(ListWalk, LeavesOutWhatIsNoRecordAndWhatWent) {
  ListWalk walk(10);
  EXPECT_FALSE(walk.on_page(page("0", {"p:a", "p:b", "p:c"})));
  EXPECT_FALSE(
      walk.on_values(walk.take_keys(),
                     std::vector{error("WRONGTYPE Operation against a key"), gone(), value("v")}));
  EXPECT_EQ(walk.take().records.size(), 1U);
}

TEST(ListWalk, EndsWhereThereIsMoreThanWanted) {
  ListWalk walk(1);
  EXPECT_FALSE(walk.on_page(page("5", {"p:a", "p:b"})));
  EXPECT_FALSE(walk.on_values(walk.take_keys(), std::vector{value("v"), value("v")}));
  EXPECT_EQ(walk.next(), Step::end);
  const ListWalk::Found reply = walk.take();
  EXPECT_EQ(reply.records.size(), 1U);
  EXPECT_TRUE(reply.truncated);
}

// A server that never says cursor 0, and names other keys each time.
TEST(ListWalk, BearsSoManyKeysWithoutLocksAndNoMore) {
  const std::size_t key_bytes = std::string("p:0").size() + ListWalk::bytes_per_key;
  for (const Reply& other : {error("WRONGTYPE Operation against a key"), gone()}) {
    ListWalk walk(10, 5 * key_bytes);
    for (int i = 0; i < 5; ++i) {
      EXPECT_FALSE(walk.on_page(page("7", {"p:" + std::to_string(i)})));
      EXPECT_FALSE(walk.on_values(walk.take_keys(), std::vector{other}));
    }
    EXPECT_FALSE(walk.on_page(page("7", {"p:0"}))) << "it is remembered already";
    EXPECT_EQ(walk.next(), Step::scan);
    EXPECT_FALSE(walk.on_page(page("7", {"p:5"})));
    const auto failure = walk.on_values(walk.take_keys(), std::vector{other});
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, errc::unsuitable_store);
    EXPECT_THAT(failure->message, HasSubstr("prefix of their own"));
  }
}

TEST(ListWalk, LocksDoNotCountAmongTheKeysThatItBears) {
  ListWalk walk(100, 0);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(walk.on_page(page("7", {"p:" + std::to_string(i)})));
    EXPECT_FALSE(walk.on_values(walk.take_keys(), std::vector{value("v")}));
  }
  EXPECT_EQ(walk.take().records.size(), 100U);
}

TEST(ListWalk, OfMarksLooksBesideTheRecords) {
  ListWalk walk(1, ListWalk::usual_bytes_without_locks, ListOf::marks);
  EXPECT_FALSE(
      walk.on_page(page("0", {"{p:a}:done", "{p:b}:done", "{p:c}:fence", "p:d", "x{p:e}:done"})));
  const auto keys = walk.take_keys();
  EXPECT_THAT(keys, ElementsAre("p:a", "p:b"));
  EXPECT_FALSE(walk.on_values(keys, std::vector{gone("mark"), gone()}));
  EXPECT_EQ(walk.next(), Step::end);
  const ListWalk::Found found = walk.take();
  ASSERT_EQ(found.marks.size(), 1U);
  EXPECT_EQ(found.marks[0].key, "p:a");
  EXPECT_EQ(found.marks[0].value, "mark");
  EXPECT_TRUE(found.records.empty());
  EXPECT_FALSE(found.truncated);
}

TEST(ListPattern, OfMarksBeginsWithTheTag) {
  EXPECT_EQ(list_pattern(ListOf::records, "p*:"), "p\\*:*");
  EXPECT_EQ(list_pattern(ListOf::marks, "p*:"), "{p\\*:*}:done");
}

TEST(ListWalk, SenselessPagesAreErrors) {
  for (const Reply& reply :
       {Reply{}, text("0"), array({}), array({text("0")}), array({integer(0), texts({})}),
        array({text("0"), text("p:a")}), array({text("0"), array({integer(1)})}),
        array({text("0"), texts({}), texts({})})}) {
    ListWalk walk(10);
    const auto failure = walk.on_page(reply);
    ASSERT_TRUE(failure);
    EXPECT_EQ(failure->code, errc::protocol_error);
  }
}

TEST(ListWalk, WhatAServerRefusesIsToldAsSuch) {
  ListWalk walk(10);
  const auto refused = walk.on_page(error("NOPERM this user has no permissions"));
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, errc::permission_denied);
  const std::vector<std::string> keys{"p:a"};
  EXPECT_EQ(walk.on_values(keys, std::vector{error("NOPERM no")})->code, errc::permission_denied);
  EXPECT_EQ(walk.on_values(keys, std::vector{text("v")})->code, errc::protocol_error);
  EXPECT_THAT(walk.take().records, IsEmpty());
}

TEST(PrefixPattern, EscapesGlobCharacters) {
  EXPECT_EQ(prefix_pattern("exclusive-lock:"), "exclusive-lock:*");
  EXPECT_EQ(prefix_pattern("a*b?[c]\\"), "a\\*b\\?\\[c\\]\\\\*");
}

}  // namespace
}  // namespace exclusive_lock::redis
