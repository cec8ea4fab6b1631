// From the bytes of a server to replies and pushes.

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

TEST_F(RespReaderTest, ReadsTheSameHoweverTheBytesAreCut) {
  const std::string bytes =
      "*10\r\n+OK\r\n$3\r\na\r\n\r\n:-7\r\n-ERR no\r\n_\r\n#t\r\n,1.5\r\n=5\r\ntxt:a\r\n"
      "%1\r\n$0\r\n\r\n:1\r\n~0\r\n";
  const Reply expected =
      array({text("OK"), text("a\r\n"), integer(-7), error("ERR no"), Reply{}, text("t"),
             text("1.5"), text("txt:a"), array({text(""), integer(1)}), array({})});
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    RespReader reader(on_reply_, on_push_);
    reader.expect(1);
    replies_.clear();
    read(reader, bytes.substr(0, cut));
    read(reader, bytes.substr(cut));
    EXPECT_FALSE(error_) << cut;
    EXPECT_EQ(replies_, std::vector{expected}) << cut;
  }
}

// The parser of Boost.Redis 1.92 ends the process at a size without digits, writes outside of its
// array at streamed strings, and reads sizes near 2^64 as though they were small.
TEST_F(RespReaderTest, SizesThatAreNoneAreErrors) {
  const std::string five_deep = "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n";
  for (const std::string& bytes :
       {std::string("$\r\n"), std::string("!\r\n"), std::string("=\r\n"), std::string("*\r\n"),
        std::string("$?\r\n"), five_deep + "$?\r\n", five_deep + "$\r\n", std::string(";0\r\n"),
        std::string(";3\r\nabc\r\n"), std::string("$18446744073709551615\r\nabc\r\n"),
        std::string("$18446744073709551614\r\nabc\r\n"), std::string("%9223372036854775808\r\n"),
        std::string("*1000000000000000000\r\n"), std::string("$-1\r\n"), std::string("$3x\r\n"),
        std::string("*+1\r\n"), std::string("*1 \r\n"), std::string("$3\rx\r\n")}) {
    for (const bool is_cut : {false, true}) {
      RespReader reader(on_reply_, on_push_);
      reader.expect(1);
      error_ = {};
      for (std::size_t i = 0; i < bytes.size(); i += is_cut ? 1 : bytes.size()) {
        read(reader, bytes.substr(i, is_cut ? 1 : bytes.size()));
      }
      EXPECT_TRUE(error_) << bytes;
      EXPECT_TRUE(replies_.empty()) << bytes;
    }
  }
}

// What is in a text is never taken for a line.
TEST_F(RespReaderTest, SizesWithinATextAreText) {
  RespReader reader(on_reply_, on_push_);
  reader.expect(2);
  const std::string bytes = "$4\r\n$\r\n;\r\n*1\r\n=6\r\ntxt:$?\r\n";
  for (const char byte : bytes) {
    read(reader, {&byte, 1});
  }
  EXPECT_FALSE(error_);
  EXPECT_EQ(replies_, (std::vector{text("$\r\n;"), array({text("txt:$?")})}));
}

TEST_F(RespReaderTest, SizesOf18DigitsAreOfTextsThatNeverCome) {
  RespReader reader(on_reply_, on_push_);
  reader.expect(1);
  read(reader, "$999999999999999999\r\nabc\r\n");
  EXPECT_FALSE(error_);
  EXPECT_TRUE(replies_.empty());
}

TEST_F(RespReaderTest, LimitsAreErrors) {
  const auto is_refused = [this](const std::string& bytes) {
    RespReader reader(on_reply_, on_push_);
    error_ = {};
    read(reader, bytes);
    return error_.failed();
  };
  EXPECT_TRUE(is_refused(">" + std::to_string(push_limits.nodes + 1) + "\r\n"));
  EXPECT_FALSE(is_refused(">" + std::to_string(push_limits.nodes - 1) + "\r\n"));
  EXPECT_TRUE(is_refused("%999999999999999999\r\n"));
  EXPECT_TRUE(is_refused(">1\r\n*1\r\n*1\r\n:1\r\n"));
  EXPECT_FALSE(is_refused(">1\r\n*1\r\n:1\r\n"));
  EXPECT_TRUE(is_refused(":12x\r\n"));
}

}  // namespace
}  // namespace exclusive_lock::redis
