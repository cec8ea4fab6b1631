#include "stores/redis/push_message.hpp"

#include <gtest/gtest.h>

#include <string>

#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

const std::string written_owner = "ab000000000000000000000000000000-000000000000001f";

TEST(ParseWakeUp, TakesWhatTheScriptsPublish) {
  const auto wake_up = parse_wake_up(written_owner);
  ASSERT_TRUE(wake_up);
  EXPECT_EQ(wake_up->owner, (Owner{.id = {0xAB}, .ticket = 0x1F}));
}

// Among it what earlier versions publish; a heartbeat finds what that was about.
TEST(ParseWakeUp, TakesNothingElse) {
  std::string capitals = written_owner;
  capitals[0] = 'A';
  for (const std::string& message :
       {std::string(), written_owner + " ", " " + written_owner, written_owner + "\n",
        written_owner.substr(1), written_owner + "0", capitals,
        written_owner + " 1700000000000001 1700000000000000"}) {
    EXPECT_FALSE(parse_wake_up(message)) << message;
  }
}

Reply push(const std::string& kind, const std::string& channel, const Reply& last) {
  return array({text(kind), text(channel), last});
}

TEST(ReadPush, HearsItsOwnChannelAlone) {
  const Reply message = text(written_owner);
  const PushMessage news = read_push(push("message", "c", message), "c");
  ASSERT_TRUE(std::holds_alternative<WakeUp>(news));
  EXPECT_EQ(std::get<WakeUp>(news).owner.ticket, 0x1FU);
  EXPECT_TRUE(std::holds_alternative<OtherPush>(read_push(push("message", "d", message), "c")));
}

TEST(ReadPush, HearsThatItIsSubscribed) {
  EXPECT_TRUE(
      std::holds_alternative<Subscribed>(read_push(push("subscribe", "c", integer(1)), "c")));
  EXPECT_TRUE(
      std::holds_alternative<OtherPush>(read_push(push("subscribe", "d", integer(1)), "c")));
}

TEST(HasListener, IsReadFromTheReplyToNumsub) {
  EXPECT_EQ(has_listener(array({text("c"), integer(1)})), true);
  EXPECT_EQ(has_listener(array({text("c"), integer(0)})), false);
  for (const Reply& reply : {Reply{}, error("NOPERM"), integer(1), array({}), texts({"c", "1"})}) {
    EXPECT_FALSE(has_listener(reply)) << "it does not say";
  }
}

TEST(ReadPush, AnythingElseIsOtherPush) {
  const std::string& owner = written_owner;
  for (const Reply& reply :
       {Reply{}, text("message"), error("ERR"), texts({"message", "c"}),
        texts({"message", "c", owner, owner}), texts({"pmessage", "c", owner}),
        texts({"unsubscribe", "c", owner}), texts({"message", "c", "hello"}),
        push("message", "c", error(owner)), push("message", "c", integer(1)),
        push("message", "c", texts({owner})), array({integer(1), text("c"), text(owner)}),
        array({text("message"), Reply{}, text(owner)})}) {
    EXPECT_TRUE(std::holds_alternative<OtherPush>(read_push(reply, "c")));
  }
}

}  // namespace
}  // namespace exclusive_lock::redis
