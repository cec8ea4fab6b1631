#include "stores/redis/push_link.hpp"

#include <gtest/gtest.h>

#include <set>

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

TEST(PushChannel, IsOfOneStoreAlone) {
  std::set<std::string> channels;
  for (int i = 0; i < 100; ++i) {
    const std::string channel = new_push_channel();
    EXPECT_EQ(channel.size(), 20U + 32U);
    EXPECT_TRUE(channel.starts_with("exclusive-lock:push:"));
    EXPECT_EQ(channel.find_first_not_of("0123456789abcdef", 20), std::string::npos);
    channels.insert(channel);
  }
  EXPECT_EQ(channels.size(), 100U);
}

}  // namespace
}  // namespace exclusive_lock::redis
