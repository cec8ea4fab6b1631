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

TEST(ReplyAdapter, LimitsAreErrors) {
  EXPECT_TRUE(read("*3\r\n:1\r\n:2\r\n:3\r\n", 0, {.depth = 1, .nodes = 3}).error);
  EXPECT_FALSE(read("*2\r\n:1\r\n:2\r\n", 0, {.depth = 1, .nodes = 3}).error);
  EXPECT_TRUE(read("*1\r\n*1\r\n:1\r\n", 0, {.depth = 1, .nodes = 3}).error);
  EXPECT_TRUE(read(":12x\r\n").error);
}

}  // namespace
}  // namespace exclusive_lock::redis
