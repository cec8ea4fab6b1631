#pragma once
// Makes a Reply of the nodes that a RESP3 parser reports, in the order of the bytes.
//
// Bounded before anything is allocated (a server can be hostile, or not a Redis at all): what is
// over a limit ends the connection. The size of one text is bounded by the connection's read
// buffer.

#include <cstddef>
#include <string_view>
#include <vector>

#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

struct ReplyLimits {
  std::size_t depth = 8;
  // Of all nodes of one reply. The largest that is asked for: a SCAN of 500
  // keys (COUNT is a hint, a crowded hash bucket comes whole), the modules in a HELLO.
  std::size_t nodes = 8192;
};

class ReplyBuilder {
 public:
  explicit ReplyBuilder(ReplyLimits limits = {}) : limits_(limits) {}

  // `depth` 0 is the reply itself. False: over a limit, or nodes that do not fit together; the
  // builder is of no use until the next clear().
  bool add_value(Reply value, std::size_t depth);
  bool add_array(std::size_t elements, std::size_t depth);

  void clear();
  // The finished reply.
  Reply take();

 private:
  Reply* place(std::size_t depth);

  ReplyLimits limits_;
  Reply root_;
  bool has_root_ = false;
  std::size_t nodes_ = 0;
  std::vector<Reply*> open_;  // the arrays around the next node, outermost first
};

}  // namespace exclusive_lock::redis
