#include "stores/redis/reply_builder.hpp"

#include <gtest/gtest.h>

#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

TEST(ReplyBuilder, BuildsASingleValue) {
  ReplyBuilder builder;
  ASSERT_TRUE(builder.add_value(text("a"), 0));
  EXPECT_EQ(builder.take(), text("a"));
}

TEST(ReplyBuilder, BuildsNestedArraysAndComesBackUp) {
  ReplyBuilder builder;
  ASSERT_TRUE(builder.add_array(3, 0));
  ASSERT_TRUE(builder.add_value(text("a"), 1));
  ASSERT_TRUE(builder.add_array(2, 1));
  ASSERT_TRUE(builder.add_value(text("b"), 2));
  ASSERT_TRUE(builder.add_array(0, 2));
  ASSERT_TRUE(builder.add_value(text("c"), 1));
  const Reply reply = builder.take();
  ASSERT_EQ(reply.elements.size(), 3U);
  EXPECT_EQ(reply.elements[0], text("a"));
  ASSERT_EQ(reply.elements[1].elements.size(), 2U);
  EXPECT_EQ(reply.elements[1].elements[0], text("b"));
  EXPECT_TRUE(reply.elements[1].elements[1].is_array());
  EXPECT_EQ(reply.elements[2], text("c"));
}

TEST(ReplyBuilder, StartsAnewAfterTake) {
  ReplyBuilder builder;
  ASSERT_TRUE(builder.add_array(1, 0));
  ASSERT_TRUE(builder.add_value(text("a"), 1));
  builder.take();
  ASSERT_TRUE(builder.add_value(text("b"), 0));
  EXPECT_EQ(builder.take(), text("b"));
}

TEST(ReplyBuilder, RefusesTooDeepNesting) {
  ReplyBuilder builder({.depth = 2, .nodes = 100});
  ASSERT_TRUE(builder.add_array(1, 0));
  ASSERT_TRUE(builder.add_array(1, 1));
  ASSERT_TRUE(builder.add_array(1, 2));
  EXPECT_FALSE(builder.add_value(text("a"), 3));
}

TEST(ReplyBuilder, RefusesAnAnnouncedSizeBeforeItComes) {
  ReplyBuilder builder({.depth = 8, .nodes = 100});
  EXPECT_TRUE(builder.add_array(100, 0));
  builder.clear();
  EXPECT_FALSE(builder.add_array(101, 0));
}

TEST(ReplyBuilder, RefusesTooManyNodesInAll) {
  ReplyBuilder builder({.depth = 8, .nodes = 4});
  ASSERT_TRUE(builder.add_array(4, 0));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(builder.add_value(text("a"), 1));
  }
  EXPECT_FALSE(builder.add_value(text("a"), 1));
}

TEST(ReplyBuilder, RefusesNodesThatDoNotFitTogether) {
  ReplyBuilder builder;
  EXPECT_FALSE(builder.add_value(text("a"), 1));
  builder.clear();
  ASSERT_TRUE(builder.add_value(text("a"), 0));
  EXPECT_FALSE(builder.add_value(text("b"), 0));
}

}  // namespace
}  // namespace exclusive_lock::redis
