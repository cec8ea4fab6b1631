#pragma once
// The floor: what the same work costs a client that does nothing else. Bare hiredis, one blocking
// connection, commands prepared as bytes beforehand, replies looked at just enough to know that
// they are the right ones.

#include <hiredis/hiredis.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock::bench {

struct FreeReply {
  void operator()(redisReply* reply) const noexcept { ::freeReplyObject(reply); }
};
using FloorReply = std::unique_ptr<redisReply, FreeReply>;

// A command as it goes over the wire.
std::string wire_bytes(const std::vector<std::string_view>& words);

// Not thread-safe. Every call throws std::runtime_error when the server does not answer in time or
// answers with an error.
class FloorClient {
 public:
  explicit FloorClient(std::uint16_t port,
                       std::chrono::milliseconds timeout = std::chrono::seconds(10));

  // One round trip.
  FloorReply ask(std::string_view bytes);
  FloorReply ask(const std::vector<std::string_view>& words) { return ask(wire_bytes(words)); }

  // The halves of ask(), for pipelining. next() sends everything that was added once it has read
  // all replies that had come.
  void add(std::string_view bytes);
  FloorReply next();

  // Whether something comes within the time, for a subscribed connection.
  bool wait_readable(std::chrono::milliseconds limit);

 private:
  struct Free {
    void operator()(redisContext* context) const noexcept { ::redisFree(context); }
  };
  std::unique_ptr<redisContext, Free> context_;
};

}  // namespace exclusive_lock::bench
