// What one store tells another, and by which address.

#include "stores/local/push_message.hpp"

#include <gtest/gtest.h>

#include <string>

namespace exclusive_lock {
namespace {

WakeUp wake_up() {
  WakeUp wake_up{.owner = {.id = {}, .ticket = 0x0102030405060708}};
  for (std::size_t i = 0; i < wake_up.owner.id.size(); ++i) {
    wake_up.owner.id[i] = static_cast<std::uint8_t>(200 + i);
  }
  return wake_up;
}

std::string bytes_of_push() {
  const PushBytes bytes = encode_push(wake_up());
  return {bytes.begin(), bytes.end()};
}

TEST(LocalPush, IsReadAsItWasWritten) {
  const auto read = decode_push(bytes_of_push());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->owner, wake_up().owner);
}

TEST(LocalPush, OfAnotherSizeOrBeginningIsNone) {
  const std::string bytes = bytes_of_push();
  EXPECT_FALSE(decode_push(""));
  EXPECT_FALSE(decode_push(bytes.substr(1)));
  EXPECT_FALSE(decode_push(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(decode_push(bytes + "x"));
  std::string newer = bytes;
  newer[7] = '2';
  EXPECT_FALSE(decode_push(newer));
}

TEST(LocalPush, SocketIsNamedAfterItsStore) {
  EXPECT_EQ(push_socket_name(0xABC), "waiter-0000000000000abc");
  for (const HolderId store : {HolderId{1}, HolderId{1} << 62U}) {
    EXPECT_EQ(store_of_push_socket(push_socket_name(store)), store);
  }
}

TEST(LocalPush, OtherNamesAreNobodys) {
  for (const char* name :
       {"", "waiter-", "waiter-0", "waiter-0000000000000ABC", "waiter-0000000000000000",
        "waiter-ffffffffffffffff", "waiter-0000000000000abc.x", "holder-0000000000000abc"}) {
    EXPECT_FALSE(store_of_push_socket(name)) << name;
  }
}

}  // namespace
}  // namespace exclusive_lock
