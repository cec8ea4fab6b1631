#include "stores/redis/subscriber_connection.hpp"

#include <gtest/gtest.h>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock::redis {
namespace {

using namespace std::chrono_literals;

TEST(SubscriberConnectionPause, IsAMinuteWithoutTheRightAndShortForWhatPasses) {
  EXPECT_EQ(pause_after_refusal(errc::permission_denied), 60s);
  for (const errc passing : {errc::store_loading, errc::store_busy, errc::protocol_error}) {
    EXPECT_EQ(pause_after_refusal(passing), 1s);
  }
}

TEST(PushChannel, IsAnotherOneForEachStore) {
  EXPECT_EQ(new_push_channel().size(), std::string("exclusive-lock:push:").size() + 32);
  EXPECT_NE(new_push_channel(), new_push_channel());
}

}  // namespace
}  // namespace exclusive_lock::redis
