// From bytes to replies, through the parser of Boost.Redis as this library compiles it.

#include "stores/redis/reply_adapter.hpp"

#include <gtest/gtest.h>

#include <boost/redis/resp3/parser.hpp>
#include <string>
#include <vector>

#include "unit/stores/redis/replies.hpp"

namespace exclusive_lock::redis {
namespace {

struct Read {
  std::vector<Reply> replies;
  boost::system::error_code error;
};

// One reply, whose bytes come in two pieces.
Read read(const std::string& bytes, std::size_t first_piece, ReplyLimits limits = {}) {
  Read result;
  const std::function<void(Reply)> listener = [&result](Reply reply) {
    result.replies.push_back(std::move(reply));
  };
  auto adapter = reply_adapter(std::make_shared<ReplyBuilder>(limits), listener);
  boost::redis::resp3::parser parser;
  if (!parse(parser, std::string_view(bytes).substr(0, first_piece), adapter, result.error)) {
    parse(parser, bytes, adapter, result.error);
  }
  return result;
}

Read read(const std::string& bytes) { return read(bytes, bytes.size()); }

TEST(ReplyAdapter, ReadsTheSameHoweverTheBytesAreCut) {
  const std::string bytes =
      "*10\r\n+OK\r\n$3\r\na\r\n\r\n:-7\r\n-ERR no\r\n_\r\n#t\r\n,1.5\r\n=5\r\ntxt:a\r\n"
      "%1\r\n$0\r\n\r\n:1\r\n~0\r\n";
  const Reply expected =
      array({text("OK"), text("a\r\n"), integer(-7), error("ERR no"), Reply{}, text("t"),
             text("1.5"), text("txt:a"), array({text(""), integer(1)}), array({})});
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const Read result = read(bytes, cut);
    EXPECT_FALSE(result.error) << cut;
    ASSERT_EQ(result.replies.size(), 1U) << cut;
    EXPECT_EQ(result.replies.front(), expected) << cut;
  }
}

// A size without digits ended the process, streamed strings wrote outside of the parser, and sizes
// near 2^64 were read as though they were small.
TEST(ReplyAdapter, SizesThatAreNoneAreErrors) {
  const std::string five_deep = "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n";
  for (const std::string& bytes :
       {std::string("$\r\n"), std::string("!\r\n"), std::string("=\r\n"), std::string("*\r\n"),
        std::string("$?\r\n"), five_deep + "$?\r\n", five_deep + "$\r\n", std::string(";0\r\n"),
        std::string(";3\r\nabc\r\n"), std::string("$18446744073709551615\r\nabc\r\n"),
        std::string("$18446744073709551614\r\nabc\r\n"), std::string("%9223372036854775808\r\n"),
        std::string("*1000000000000000000\r\n"), std::string("$-1\r\n"), std::string("$3x\r\n"),
        std::string("*+1\r\n"), std::string("*1 \r\n")}) {
    const Read result = read(bytes);
    EXPECT_TRUE(result.error) << bytes;
    EXPECT_TRUE(result.replies.empty()) << bytes;
  }
}

TEST(ReplyAdapter, SizesOf18DigitsAreOfTextsThatNeverCome) {
  const Read result = read("$999999999999999999\r\nabc\r\n");
  EXPECT_FALSE(result.error);
  EXPECT_TRUE(result.replies.empty());
}

TEST(ReplyAdapter, LimitsAreErrors) {
  EXPECT_TRUE(read("*3\r\n:1\r\n:2\r\n:3\r\n", 0, {.depth = 1, .nodes = 3}).error);
  EXPECT_FALSE(read("*2\r\n:1\r\n:2\r\n", 0, {.depth = 1, .nodes = 3}).error);
  EXPECT_TRUE(read("*1\r\n*1\r\n:1\r\n", 0, {.depth = 1, .nodes = 3}).error);
  EXPECT_TRUE(read(":12x\r\n").error);
}

}  // namespace
}  // namespace exclusive_lock::redis
