#pragma once
// The very scripts that the library sends, with the same arguments, as bytes for a FloorClient. The
// only file that knows how the store calls its scripts: where those change, this follows.

#include <chrono>
#include <string>
#include <vector>

#include "exclusive_lock/contents.hpp"
#include "floor_client.hpp"

namespace exclusive_lock::bench {

// Throws unless the reply says that all went well.
using ReplyCheck = void (*)(const redisReply&);

// One lock object's commands. The same ticket is used again and again: the record is gone by then.
struct FloorLock {
  std::string acquire;
  std::string release;
  ReplyCheck require_granted;
  ReplyCheck require_released;
};
FloorLock floor_lock(const std::string& name, const Contents& contents = 1,
                     std::chrono::milliseconds ttl = std::chrono::seconds(3));

// A client that waits for that lock, and hears of its turn on that channel.
struct FloorWaiter {
  std::string acquire;
  std::string heartbeat;
  std::string release;
};
FloorWaiter floor_waiter(const std::string& name, const std::string& client,
                         const std::string& channel);

// One refresh of all these locks in one call.
std::string floor_refresh(const std::vector<std::string>& names, std::chrono::milliseconds ttl);

// Once per server.
void load_scripts(FloorClient& client);

bool is_granted(const redisReply& reply);
void require_granted(const redisReply& reply);
void require_released(const redisReply& reply);
// What the reply to a floor_refresh says.
struct RefreshCount {
  std::size_t refreshed;
  std::size_t lost;
};
RefreshCount refresh_count(const redisReply& reply);

}  // namespace exclusive_lock::bench
