#pragma once
// What comes from a server's socket, as replies and pushes: through the parser of Boost.Redis,
// within the limits of this library. No I/O: a connection (server_connection.hpp) reads with it,
// and so do the fuzz targets.
//
// A push is what is marked as one, and what comes while no reply is missing: a server that says
// more than it was asked (a refusal at once, an error of SUBSCRIBE). All else is the next reply.
//
// The parser believes every size that a server announces. So each line that announces one is
// checked before the parser sees it (docs/decisions/0013-sizes-are-checked-before-the-parser.md).

#include <boost/redis/resp3/parser.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "stores/redis/reply.hpp"
#include "stores/redis/reply_builder.hpp"

namespace exclusive_lock::redis {

struct ReadLimits {
  // The largest message. The largest reply is an inspect(): one value of 1 MiB contents and what
  // surrounds it. Longer values of strangers are cut in the script (script_calls.hpp).
  std::size_t buffer = 2UL * 1024 * 1024;
  std::size_t read = 4096;  // room for one read
};

// A push that this library subscribes to has three short words.
inline constexpr ReplyLimits push_limits{.depth = 2, .nodes = 64};

class RespReader {
 public:
  // Both are called from take(), may change meanwhile, and must outlive it.
  RespReader(const std::function<void(Reply)>& on_reply, const std::function<void(Reply)>& on_push,
             ReadLimits limits = {})
      : limits_(limits), reply_{.on_end = on_reply}, push_{ReplyBuilder(push_limits), on_push} {}
  RespReader(const RespReader&) = delete;
  RespReader& operator=(const RespReader&) = delete;

  // So many replies more are to come.
  void expect(std::size_t replies) { missing_ += replies; }
  [[nodiscard]] std::size_t missing() const noexcept { return missing_; }
  // Where the next bytes belong; empty: the message that is under way is too large. Valid until
  // take().
  [[nodiscard]] std::span<char> room();
  // The first `size` bytes of room() have come. After an error it is of no use any more.
  [[nodiscard]] boost::system::error_code take(std::size_t size);

 private:
  struct Message {
    ReplyBuilder builder{};
    const std::function<void(Reply)>& on_end;
  };

  // True: the message is over, and its listener was called.
  bool read_message(std::string_view bytes, Message& message, boost::system::error_code& error);

  const ReadLimits limits_;
  Message reply_;
  Message push_;
  boost::redis::resp3::parser parser_;
  Message* under_way_ = nullptr;  // the message that has begun
  bool is_in_text_ = false;       // the parser has read the size of a text whose end is missing
  std::size_t missing_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of that message
  std::size_t end_ = 0;    // of what has come
};

}  // namespace exclusive_lock::redis
