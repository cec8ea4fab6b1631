#include "floor_lock.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <stdexcept>

#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "os/process.hpp"
#include "redis_scripts.hpp"
#include "stores/redis/script_calls.hpp"

namespace exclusive_lock::bench {
namespace {

constexpr std::string_view key_prefix = "floor";
constexpr std::size_t verdict_place = 2;  // behind the echo and the time

// Different names have different owners, as different lock objects have.
Owner owner_of(const std::string& name) {
  Owner owner{.ticket = 1};
  for (std::size_t i = 0; i < name.size(); ++i) {
    auto& byte = owner.id[i % owner.id.size()];
    byte = static_cast<std::uint8_t>(byte * 31 + name[i]);
  }
  return owner;
}

std::string call_bytes(const redis::ScriptCall& call) {
  const auto tomorrow = std::chrono::system_clock::now() + std::chrono::hours(24);
  const auto not_after_us =
      std::chrono::floor<std::chrono::microseconds>(tomorrow.time_since_epoch()).count();
  std::string bytes;
  call.send(redis::ScriptForm::by_sha, "12345", not_after_us,
            [&bytes](const redis::Command& command) {
              bytes = wire_bytes({command.begin(), command.end()});
            });
  return bytes;
}

AttemptRequest attempt_of(const std::string& key, const Owner& owner, const Contents& contents,
                          Milliseconds ttl) {
  return {.key = key,
          .owner = owner,
          .ttl = ttl,
          .record_tail = encode_record_tail({.ttl = ttl,
                                             .host = host_name(),
                                             .pid = ::getpid(),
                                             .label = {},
                                             .contents_text = contents.text()}),
          .floor = {},
          .not_after = BootClock::now() + std::chrono::hours(24)};
}

// On a short path the scripts join the texts of the array.
std::string_view verdict_of(const redisReply& reply) {
  if (reply.type == REDIS_REPLY_ARRAY && reply.elements > verdict_place) {
    const redisReply& verdict = *reply.element[verdict_place];
    return {verdict.str, static_cast<std::size_t>(verdict.len)};
  }
  if (reply.type != REDIS_REPLY_STRING) {
    return {};
  }
  const std::string_view text(reply.str, static_cast<std::size_t>(reply.len));
  const auto at = text.find(' ', text.find(' ') + 1) + 1;
  return text.substr(at, text.find(' ', at) - at);
}

void require_verdict(const redisReply& reply, std::string_view wanted) {
  if (verdict_of(reply) != wanted) {
    throw std::runtime_error("the floor expected '" + std::string(wanted) + "' and got '" +
                             std::string(verdict_of(reply)) + "'");
  }
}

}  // namespace

FloorLock floor_lock(const std::string& name, const Contents& contents, Milliseconds ttl) {
  const std::string key = record_key(key_prefix, name);
  const AttemptRequest attempt = attempt_of(key, owner_of(name), contents, ttl);
  const redis::LockKeys keys = redis::lock_keys(key).value();
  return {.acquire = call_bytes(redis::acquire_call(attempt, keys, "")),
          .release = call_bytes(redis::release_call({.key = key, .owner = owner_of(name)}, keys)),
          .require_granted = require_granted,
          .require_released = require_released};
}

FloorWaiter floor_waiter(const std::string& name, const std::string& client,
                         const std::string& channel) {
  constexpr Milliseconds ttl{60'000};
  const std::string key = record_key(key_prefix, name);
  const Owner owner = owner_of(client);
  AttemptRequest attempt = attempt_of(key, owner, 1, ttl);
  attempt.wait_options = WaitOptions{.alive_for = ttl, .confirm_ttl = ttl, .max_waiting = 10'000};
  const redis::LockKeys keys = redis::lock_keys(key).value();
  const HeartbeatRequest heartbeat{.key = key, .owner = owner, .ttl = ttl, .alive_for = ttl};
  return {.acquire = call_bytes(redis::acquire_call(attempt, keys, channel)),
          .heartbeat = call_bytes(redis::heartbeat_call(heartbeat, keys, channel)),
          .release = call_bytes(redis::release_call({.key = key, .owner = owner}, keys))};
}

std::string floor_refresh(const std::vector<std::string>& names, Milliseconds ttl) {
  std::vector<RefreshRequest> requests;
  for (const std::string& name : names) {
    requests.push_back({.key = record_key(key_prefix, name), .owner = owner_of(name), .ttl = ttl});
  }
  return call_bytes(redis::refresh_call(requests));
}

void load_scripts(FloorClient& client) {
  for (const auto& script : {redis_scripts::acquire, redis_scripts::heartbeat,
                             redis_scripts::refresh, redis_scripts::release}) {
    client.ask({"SCRIPT", "LOAD", script.text});
  }
}

bool is_granted(const redisReply& reply) { return verdict_of(reply) == "granted"; }

void require_granted(const redisReply& reply) { require_verdict(reply, "granted"); }

void require_released(const redisReply& reply) { require_verdict(reply, "released"); }

RefreshCount refresh_count(const redisReply& reply) {
  const std::string_view verdicts = reply.element[verdict_place]->str;
  const auto refreshed = static_cast<std::size_t>(std::ranges::count(verdicts, 'r'));
  return {.refreshed = refreshed, .lost = verdicts.size() - refreshed};
}

}  // namespace exclusive_lock::bench
