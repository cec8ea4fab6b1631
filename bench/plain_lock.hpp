#pragma once
// The plain floor: the lock that a user would write by hand. `SET k v NX PX n`, and an EVALSHA of
// compare-and-delete. No fence, no queue, nothing to read but who has it.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lockers.hpp"

namespace exclusive_lock::bench {

inline constexpr const char* plain_token = "ab000000000000000000000000000000-000000000000001f";

// Loads its script into the client's server. `value`: what the key holds.
FloorLock plain_lock(FloorClient& client, const std::string& name,
                     std::string_view value = plain_token,
                     std::chrono::milliseconds ttl = std::chrono::seconds(3));
// Compare and PEXPIRE.
std::string plain_refresh(FloorClient& client, const std::string& name,
                          std::chrono::milliseconds ttl);
RefreshCount plain_refresh_count(const redisReply& reply);
// The same with a fence: `SET NX PX` and `INCR` in one script.
FloorLock fence_only_lock(FloorClient& client, const std::string& name);
// `locker-0` and so on.
std::vector<FloorLock> plain_locks(FloorClient& client, int count);

void require_positive(const redisReply& reply);

// As many threads as locks, each with a connection of its own: what blocking clients do.
class FloorThreads {
 public:
  FloorThreads(std::uint16_t port, std::vector<FloorLock> locks);
  Throughput run(std::chrono::milliseconds slice);

 private:
  std::vector<FloorClient> clients_;
  std::vector<FloorLock> locks_;
};

}  // namespace exclusive_lock::bench
