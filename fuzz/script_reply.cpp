// What a server answers: a hostile one, or one that is not a Redis at all.
//
// - A reply is built within its limits of depth and nodes, or refused.
// - What is read from a reply is sane: the runtime can count with its times and its ttl.
// - No error or greeting shows anything that a terminal obeys, or the password, also where the
//   server sends back what it was sent, as a whole or cut short (G11).
//
// Input: the limits, then nodes: kind, depth, and text up to a NUL ('\x01' stands for the
// password) or a number.

#include <algorithm>

#include "core/done_mark.hpp"
#include "core/pace.hpp"
#include "core/record_codec.hpp"
#include "core/store_clock_watch.hpp"
#include "exclusive_lock/once.hpp"
#include "stores/redis/handshake.hpp"
#include "stores/redis/redis_errors.hpp"
#include "stores/redis/reply_builder.hpp"
#include "stores/redis/script_calls.hpp"
#include "stores/redis/server_time.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

using namespace std::chrono_literals;
using redis::Reply;

constexpr Instant requested_at{1000s};
constexpr Instant replied_at = requested_at + 40ms;

std::size_t nodes_of(const Reply& reply) {
  std::size_t nodes = 1;
  for (const Reply& element : reply.elements) {
    nodes += nodes_of(element);
  }
  return nodes;
}

std::size_t depth_of(const Reply& reply) {
  std::size_t depth = 0;
  for (const Reply& element : reply.elements) {
    depth = std::max(depth, 1 + depth_of(element));
  }
  return depth;
}

bool add_node(Input& input, redis::ReplyBuilder& builder) {
  const std::size_t kind = input.choice(6);
  const std::size_t depth = input.byte();
  switch (kind) {
    case 0:
      return builder.add_value({}, depth);
    case 1:
      return builder.add_value(
          {.kind = Reply::Kind::integer, .integer = static_cast<std::int64_t>(input.number())},
          depth);
    case 2:
      return builder.add_value({.kind = Reply::Kind::error, .text = with_password(input.text())},
                               depth);
    case 3:
      return builder.add_array(input.byte(), depth);
    case 4:
      return builder.add_array(input.number(), depth);
    default:
      return builder.add_value({.kind = Reply::Kind::string, .text = with_password(input.text())},
                               depth);
  }
}

Reply built_from(Input& input) {
  const redis::ReplyLimits limits{.depth = input.byte() % 16U, .nodes = input.byte()};
  redis::ReplyBuilder builder(limits);
  while (!input.is_over() && add_node(input, builder)) {
  }
  Reply reply = builder.take();
  require(depth_of(reply) <= limits.depth, "a reply is no deeper than allowed");
  require(nodes_of(reply) <= std::max<std::size_t>(limits.nodes, 1),
          "a reply has no more nodes than allowed");
  return reply;
}

void check_ttl(std::optional<Milliseconds> remaining_ttl) {
  require(!remaining_ttl || *remaining_ttl >= 0ms, "a ttl is not negative");
  require(waiting_pause(remaining_ttl, 100ms, 0.99) <= 100ms, "a waiter looks in time");
  const Instant expires_at = replied_at + remaining_ttl.value_or(0ms);
  require(expires_at >= replied_at, "a ttl can be counted with");
}

void check_time(StoreTime time) {
  redis::ServerTime server_time;
  server_time.observe(requested_at, replied_at, 1'700'000'000s);
  server_time.observe(requested_at + 1s, replied_at + 1s, time);
  require(server_time.latest_us(replied_at + 24h) > 0, "a server's time can be counted with");
  StoreClockWatch watch;
  watch.observe(requested_at, replied_at, 1'700'000'000s);
  static_cast<void>(watch.observe(requested_at + 1s, replied_at + 1s, time));
}

void check_attempt(const Reply& reply, std::optional<StoreTime> time) {
  const auto answer = redis::read_acquire(reply);
  const auto* attempt = answer ? std::get_if<AttemptReply>(&*answer) : nullptr;
  if (attempt == nullptr) {
    return;
  }
  const bool is_waiting = attempt->outcome == AttemptReplyStatus::waiting;
  require(attempt->outcome != AttemptReplyStatus::granted || attempt->fence > Fence{},
          "a grant has a fence");
  require(attempt->store_time == time, "a reply has one time");
  require((attempt->position > 0) == is_waiting, "who waits has a place, and nobody else");
  require(attempt->arrived_at.has_value() == is_waiting, "who waits has arrived");
  check_ttl(attempt->remaining_ttl);
}

void check_heartbeat(const Reply& reply, std::optional<StoreTime> time) {
  const auto answer = redis::read_heartbeat(reply);
  const auto* heartbeat = answer ? std::get_if<HeartbeatReply>(&*answer) : nullptr;
  if (heartbeat == nullptr) {
    return;
  }
  require((heartbeat->outcome == HeartbeatReplyStatus::granted) == (heartbeat->fence > Fence{}),
          "a heartbeat that is granted has a fence, and no other");
  require((heartbeat->outcome == HeartbeatReplyStatus::waiting) == (heartbeat->position > 0),
          "a heartbeat has a place in the queue, or is not in it");
  require(heartbeat->store_time == time, "a reply has one time");
  check_ttl(heartbeat->remaining_ttl);
}

// The mark beside a record, or alone.
void check_mark(const StoredMark& mark, std::optional<StoreTime> time) {
  require(mark.key == "key", "a mark has the key that was asked for");
  require(!mark.value.empty(), "no text is no mark");
  require(mark.read_at == time, "a reply has one time");
  const auto done = decode_done_mark(mark);
  if (!done) {
    return;
  }
  require(parse_owner(done->owner).has_value(), "a mark has an owner", mark.value);
  for (const Milliseconds period : {1ms, Milliseconds(once_for_good)}) {
    const bool is_recent = is_done_recently(*done, period, default_tolerance(period));
    require(!is_recent || std::chrono::abs(done->age) < period, "a period has an end", mark.value);
  }
}

void check_inspection(const Reply& reply, std::optional<StoreTime> time) {
  const auto inspected = redis::read_inspect(reply, "key");
  if (inspected && inspected->mark) {
    check_mark(*inspected->mark, time);
  }
  if (!inspected || !inspected->record) {
    return;
  }
  const StoredRecord& record = *inspected->record;
  require(record.key == "key", "a record has the key that was asked for");
  check_ttl(record.remaining_ttl);
  for (const StoredWaiter& waiter : record.waiters) {
    require(waiter.arrived_at.has_value(), "who waits has arrived");
    const LockWaiter shown = decode_waiter(waiter);
    require(parse_owner(shown.owner) == waiter.owner, "a waiter's owner is read again");
  }
}

void check_script(const Reply& reply) {
  const redis::ReplyTexts texts(reply);
  require(!reply.is_string() || texts.size() <= 8, "a long string has few parts");
  require(reply.is_string() || texts.size() == 0 || texts.size() == reply.elements.size(),
          "an array is read as a whole");
  const std::string echo(texts.size() == 0 ? "" : texts[0]);
  require(!redis::has_echo(reply, echo + "x"), "a reply without its echo is nobody's");
  if (!redis::has_echo(reply, echo)) {
    return;  // whoever runs scripts goes no further (script_runner.cpp)
  }
  const auto time = redis::script_time(reply);
  if (time) {
    check_time(*time);
  }
  check_attempt(reply, time);
  check_heartbeat(reply, time);
  RefreshReply refreshed;
  const std::size_t count = texts.size() - 2;
  require(!redis::read_refresh(reply, count + 1, refreshed) && refreshed.verdicts.empty(),
          "a refresh is answered as a whole");
  if (redis::read_refresh(reply, count, refreshed)) {
    require(refreshed.verdicts.size() == count, "each hold has its verdict");
  }
  check_inspection(reply, time);
  const auto released = redis::read_release(reply);
  const auto removed = redis::read_remove(reply);
  require(!released || !removed, "a reply is to one verb");
}

void check_failure(const StoreFailure& failure) {
  require_fit(failure.message, "an error");
  require(failure.message.size() < 4096, "an error is short", failure.message);
}

// A server that refuses HELLO and says with what it was asked, which it may cut short.
void check_refusal(const std::string& words, std::size_t max_echoed) {
  const std::string asked = ("3 AUTH default " + std::string(password_mark)).substr(0, max_echoed);
  const std::string text = words + " '" + asked + "' ";
  const StoreFailure refusal = redis::server_refused_connection(text, password_mark);
  check_failure(refusal);
  require(refusal.message.find(password_mark.substr(0, 5)) == std::string::npos,
          "a refusal holds no part of the password", refusal.message);
}

void check_greeting(const std::vector<Reply>& replies) {
  const redis::Login login{.username = "",
                           .password = std::string(password_mark),
                           .client_name = "c",
                           .database = replies.size() > 3 ? 1 : 0};
  const auto judged = redis::judge_handshake(login, replies);
  if (!judged) {
    return;
  }
  if (const auto* failure = std::get_if<StoreFailure>(&*judged)) {
    check_failure(*failure);
    require(!holds_password(failure->message), "an error holds no password", failure->message);
    return;
  }
  const auto& greeting = std::get<redis::Greeting>(*judged);
  require_fit(greeting.server, "a server's name");
  for (const std::string& warning : greeting.warnings) {
    require_fit(warning, "a warning");
  }
  if (greeting.time) {
    check_time(*greeting.time);
  }
}

void check_errors(const Reply& reply) {
  for (const Reply& element : reply.elements) {
    check_errors(element);
  }
  check_failure(redis::server_refused(reply.text));
  check_refusal(reply.text, reply.text.size() % 32);
  static_cast<void>(redis::is_from_replica(reply.text));
  require(!(redis::is_missing_script(reply.text) && redis::is_wrong_type(reply.text)),
          "an error has one meaning", reply.text);
}

}  // namespace

void check_script_reply(Bytes bytes) {
  Input input(bytes);
  const Reply reply = built_from(input);
  check_script(reply);
  check_errors(reply);
  check_greeting({reply});
  check_greeting(reply.elements);
  if (const auto time = redis::time_in(reply)) {
    check_time(*time);
  }
}

}  // namespace exclusive_lock::fuzz
