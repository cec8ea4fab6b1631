#include "stores/redis/push_message.hpp"

#include <gtest/gtest.h>

#include <string>

#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

const std::string written_owner = "ab000000000000000000000000000000-000000000000001f";

TEST(ParseGrant, TakesWhatTheScriptsPublish) {
  const auto grant = parse_grant(written_owner + " 1700000000000001 1700000000000000");
  ASSERT_TRUE(grant);
  EXPECT_EQ(grant->owner, (Owner{.id = {0xAB}, .ticket = 0x1F}));
  EXPECT_EQ(grant->fence, Fence{1'700'000'000'000'001});
  EXPECT_EQ(grant->granted_at, StoreTime(1'700'000'000'000'000));
}

TEST(ParseGrant, WithoutAFenceItIsANudge) {
  const auto nudge = parse_grant(written_owner + " 0 1700000000000000");
  ASSERT_TRUE(nudge);
  EXPECT_TRUE(nudge->is_nudge());
  EXPECT_FALSE(parse_grant(written_owner + " 1 1700000000000000")->is_nudge());
}

TEST(ParseGrant, TakesNothingElse) {
  for (const std::string& message :
       {std::string(), written_owner, written_owner + " ", written_owner + "  ",
        written_owner + " 1", written_owner + " 1 ", written_owner + "  1", written_owner + " 1 2 ",
        written_owner + " 1 2 3", written_owner + " x 2", written_owner + " 1 x",
        written_owner + " -1 2", written_owner + " 1 -2", written_owner + " 1 0",
        written_owner + " 18446744073709551616 2", written_owner + " 1 9223372036854775808",
        " " + written_owner + " 1 2", written_owner.substr(1) + " 1 2", written_owner + " 1\t2"}) {
    EXPECT_FALSE(parse_grant(message)) << message;
  }
}

TEST(ParseGrant, TakesNumbersInOneSpellingOnly) {
  for (const std::string numbers : {"01 2", "1 02", "00 2", "-0 2", "1 -0", "+1 2"}) {
    EXPECT_FALSE(parse_grant(written_owner + " " + numbers)) << numbers;
  }
}

Reply push(const std::string& kind, const std::string& channel, const Reply& last) {
  return array({text(kind), text(channel), last});
}

TEST(ReadPush, HearsItsOwnChannelAlone) {
  const Reply message = text(written_owner + " 7 1700000000000000");
  const PushNews news = read_push(push("message", "c", message), "c");
  ASSERT_TRUE(std::holds_alternative<Grant>(news));
  EXPECT_EQ(std::get<Grant>(news).fence, Fence{7});
  EXPECT_TRUE(std::holds_alternative<NoNews>(read_push(push("message", "d", message), "c")));
}

TEST(ReadPush, HearsThatItIsSubscribed) {
  EXPECT_TRUE(
      std::holds_alternative<Subscribed>(read_push(push("subscribe", "c", integer(1)), "c")));
  EXPECT_TRUE(std::holds_alternative<NoNews>(read_push(push("subscribe", "d", integer(1)), "c")));
}

TEST(ReadPush, AnythingElseIsNoNews) {
  const std::string grant = written_owner + " 7 1700000000000000";
  for (const Reply& reply :
       {Reply{}, text("message"), error("ERR"), texts({"message", "c"}),
        texts({"message", "c", grant, grant}), texts({"pmessage", "c", grant}),
        texts({"unsubscribe", "c", grant}), texts({"message", "c", "hello"}),
        push("message", "c", error(grant)), push("message", "c", integer(1)),
        push("message", "c", texts({grant})), array({integer(1), text("c"), text(grant)}),
        array({text("message"), Reply{}, text(grant)})}) {
    EXPECT_TRUE(std::holds_alternative<NoNews>(read_push(reply, "c")));
  }
}

}  // namespace
}  // namespace exclusive_lock::redis
