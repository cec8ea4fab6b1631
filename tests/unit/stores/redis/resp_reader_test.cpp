// Which of the bytes of a server are replies, and which pushes.

#include "stores/redis/resp_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

class RespReaderTest : public testing::Test {
 protected:
  // Until there is no room any more; says how many were read.
  std::size_t read(RespReader& reader, std::string_view bytes) {
    std::size_t size = 0;
    while (size < bytes.size() && !error_) {
      const auto room = reader.room();
      const std::size_t piece = std::min(bytes.size() - size, room.size());
      if (piece == 0) {
        break;
      }
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(size), piece, room.begin());
      error_ = reader.take(piece);
      size += piece;
    }
    return size;
  }

  std::vector<Reply> replies_;
  std::vector<Reply> pushes_;
  boost::system::error_code error_;
  const std::function<void(Reply)> on_reply_ = [this](Reply reply) {
    replies_.push_back(std::move(reply));
  };
  const std::function<void(Reply)> on_push_ = [this](Reply push) {
    pushes_.push_back(std::move(push));
  };
};

TEST_F(RespReaderTest, PushBetweenRepliesIsNoReply) {
  RespReader reader(on_reply_, on_push_);
  reader.expect(2);
  read(reader, "+a\r\n>1\r\n+p\r\n+b\r\n");
  EXPECT_EQ(replies_, (std::vector{text("a"), text("b")}));
  EXPECT_EQ(pushes_, std::vector{array({text("p")})});
}

TEST_F(RespReaderTest, WhatComesUnaskedIsAPush) {
  RespReader reader(on_reply_, on_push_);
  read(reader, "-ERR max number of clients reached\r\n");
  reader.expect(1);
  read(reader, "+a\r\n+b\r\n");
  EXPECT_EQ(pushes_, (std::vector{error("ERR max number of clients reached"), text("b")}));
  EXPECT_EQ(replies_, std::vector{text("a")});
}

TEST_F(RespReaderTest, MessageStaysWhatItWasWhenItBegan) {
  RespReader reader(on_reply_, on_push_);
  read(reader, "-ER");
  reader.expect(1);
  read(reader, "R no\r\n+a\r\n");
  EXPECT_EQ(pushes_, std::vector{error("ERR no")});
  EXPECT_EQ(replies_, std::vector{text("a")});
}

TEST_F(RespReaderTest, MessageThatIsLargerThanTheBufferFindsNoRoom) {
  RespReader reader(on_reply_, on_push_, {.buffer = 64, .read = 16});
  reader.expect(1);
  EXPECT_EQ(read(reader, "$100\r\n" + std::string(100, 'x')), 64U);
  EXPECT_TRUE(reader.room().empty());
  EXPECT_TRUE(replies_.empty());
}

TEST_F(RespReaderTest, MessagesThatAreOverMakeRoom) {
  RespReader reader(on_reply_, on_push_, {.buffer = 64, .read = 16});
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    bytes += "$3\r\nabc\r\n";
  }
  reader.expect(100);
  EXPECT_EQ(read(reader, bytes), bytes.size());
  EXPECT_EQ(replies_, std::vector(100, text("abc")));
}

TEST_F(RespReaderTest, NonsenseIsAnError) {
  RespReader reader(on_reply_, on_push_);
  reader.expect(1);
  read(reader, "HTTP/1.1 400 Bad Request\r\n");
  EXPECT_TRUE(error_);
}

}  // namespace
}  // namespace exclusive_lock::redis
