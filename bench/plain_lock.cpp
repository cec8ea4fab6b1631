#include "plain_lock.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "pairs.hpp"

namespace exclusive_lock::bench {
namespace {

constexpr const char* compare_and_delete = R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0)";
constexpr const char* compare_and_extend = R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 0)";
constexpr const char* set_with_fence = R"(
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return redis.call('INCR', KEYS[2])
end
return 0)";

void require_set(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_STATUS) {
    throw std::runtime_error("the floor's lock was not free");
  }
}

}  // namespace

void require_positive(const redisReply& reply) {
  if (reply.integer <= 0) {
    throw std::runtime_error("the floor's lock was not free, or not its holder's");
  }
}

FloorLock plain_lock(FloorClient& client, const std::string& name, std::string_view value,
                     std::chrono::milliseconds ttl) {
  const std::string sha = client.ask({"SCRIPT", "LOAD", compare_and_delete})->str;
  const std::string key = "plain:" + name;
  return {.acquire = wire_bytes({"SET", key, value, "NX", "PX", std::to_string(ttl.count())}),
          .release = wire_bytes({"EVALSHA", sha, "1", key, value}),
          .require_granted = require_set,
          .require_released = require_positive};
}

std::string plain_refresh(FloorClient& client, const std::string& name,
                          std::chrono::milliseconds ttl) {
  const std::string sha = client.ask({"SCRIPT", "LOAD", compare_and_extend})->str;
  return wire_bytes(
      {"EVALSHA", sha, "1", "plain:" + name, plain_token, std::to_string(ttl.count())});
}

RefreshCount plain_refresh_count(const redisReply& reply) {
  const bool is_refreshed = reply.integer == 1;
  return {.refreshed = is_refreshed ? 1U : 0U, .lost = is_refreshed ? 0U : 1U};
}

FloorLock fence_only_lock(FloorClient& client, const std::string& name) {
  const std::string set_sha = client.ask({"SCRIPT", "LOAD", set_with_fence})->str;
  const std::string sha = client.ask({"SCRIPT", "LOAD", compare_and_delete})->str;
  const std::string key = "fenced:" + name;
  const std::string fence = fmt::format("{{{}}}:fence", key);
  return {
      .acquire = wire_bytes({"EVALSHA", set_sha, "2", key, fence, plain_token, "3000"}),
      .release = wire_bytes({"EVALSHA", sha, "1", key, plain_token}),
      .require_granted = require_positive,
      .require_released = require_positive,
  };
}

std::vector<FloorLock> plain_locks(FloorClient& client, int count) {
  std::vector<FloorLock> locks;
  for (int i = 0; i < count; ++i) {
    locks.push_back(plain_lock(client, fmt::format("locker-{}", i)));
  }
  return locks;
}

FloorThreads::FloorThreads(std::uint16_t port, std::vector<FloorLock> locks)
    : locks_(std::move(locks)) {
  for (std::size_t i = 0; i < locks_.size(); ++i) {
    clients_.emplace_back(port);
  }
}

Throughput FloorThreads::run(std::chrono::milliseconds slice) {
  return run_threads(locks_.size(), slice,
                     [this](std::size_t i) { acquire_and_release(clients_[i], locks_[i]); });
}

}  // namespace exclusive_lock::bench
