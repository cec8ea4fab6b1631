#include "stores/redis/push_link.hpp"

#include <gtest/gtest.h>

#include <set>

namespace exclusive_lock::redis {
namespace {

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
