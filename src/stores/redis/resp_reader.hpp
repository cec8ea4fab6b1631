#pragma once
// What comes from a server's socket, as replies and pushes: through the parser of Boost.Redis,
// within the limits of this library. No I/O: a link (redis_link.hpp) reads with it, and so do the
// fuzz targets.
//
// A push is what is marked as one, and what comes while no reply is missing: a server that says
// more than it was asked (a refusal at once, an error of SUBSCRIBE). All else is the next reply.

#include <boost/redis/resp3/parser.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "stores/redis/reply.hpp"
#include "stores/redis/reply_adapter.hpp"

namespace exclusive_lock::redis {

struct ReadLimits {
  std::size_t buffer = most_reply_bytes;  // the largest message
  std::size_t read = 4096;                // room for one read
};

class RespReader {
 public:
  // Both are called from take(), may change meanwhile, and must outlive it.
  RespReader(const std::function<void(Reply)>& on_reply, const std::function<void(Reply)>& on_push,
             ReadLimits limits = {});
  RespReader(const RespReader&) = delete;
  RespReader& operator=(const RespReader&) = delete;

  // So many replies more are to come.
  void expect(std::size_t replies) { missing_ += replies; }
  // Where the next bytes belong; empty: the message that is under way is too large. Valid until
  // take().
  [[nodiscard]] std::span<char> room();
  // The first `size` bytes of room() have come. After an error it is of no use any more.
  [[nodiscard]] boost::system::error_code take(std::size_t size);

 private:
  const ReadLimits limits_;
  boost::redis::any_adapter reply_adapter_;
  boost::redis::any_adapter push_adapter_;
  boost::redis::resp3::parser parser_;
  bool is_under_way_ = false;  // a message has begun
  bool is_push_ = false;       // it is one
  std::size_t missing_ = 0;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of that message
  std::size_t end_ = 0;    // of what has come
};

}  // namespace exclusive_lock::redis
