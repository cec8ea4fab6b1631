#pragma once
// Somebody who wants a lock, enters and leaves. Each belongs to one thread.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/connection.hpp"

namespace exclusive_lock::bench {

class Contender {
 public:
  virtual ~Contender() = default;
  // False: not before the deadline. May be late by the time that holders need to leave.
  virtual bool enter(Instant deadline) = 0;
  virtual void leave() = 0;
};

std::unique_ptr<Contender> library_contender(std::shared_ptr<Connection> connection);

// The plain floor of hand-overs: a fair queue in as few commands as it can be, which keeps nothing
// of what makes a lock safe. Two connections, one subscribed. The releaser writes the next waiter's
// name into the lock and publishes to it, in one script; that waiter then asks whether it has it.
std::unique_ptr<Contender> queue_contender(std::uint16_t port, std::int64_t client);

// KEYS: lock, queue. ARGV: who, as "<client>:<try>".
inline constexpr const char* join_script = R"(
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', 3000) then return 1 end
redis.call('RPUSH', KEYS[2], ARGV[1])
return 0)";
// The next one's channel is its client number; what is published is who.
inline constexpr const char* pass_script = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local next = redis.call('LPOP', KEYS[2])
if not next then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], next, 'PX', 3000)
redis.call('PUBLISH', 'floor-' .. string.match(next, '^%d+'), next)
return 1)";

// The same-scripts floor of hand-overs: our scripts over two bare connections, one subscribed.
std::unique_ptr<Contender> scripts_contender(std::uint16_t port, std::int64_t client);

// flock(2), the floor of the embedded store.
std::unique_ptr<Contender> flock_contender(const std::filesystem::path& file);

}  // namespace exclusive_lock::bench
