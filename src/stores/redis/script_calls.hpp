#pragma once
// The verbs of a store as calls of scripts/*.lua, and what their replies say. No I/O.
//
// The echo. RESP has no request numbers: a reply belongs to a request because of its place alone. A
// server or proxy that says one thing too much would give every later requester its neighbour's
// answer, and "granted" to the wrong one is two holders. So every script gives back a text that it
// was given, different for each call; a reply without it is not taken.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/protocol.hpp"
#include "redis_scripts.hpp"
#include "stores/redis/operation_queue.hpp"
#include "stores/redis/reply.hpp"
#include "stores/redis/server_time.hpp"
#include "stores/redis/words.hpp"

namespace exclusive_lock::redis {

enum class ScriptForm { by_sha, by_text };

// A call of a script: put together once, and the same however often it is sent.
class ScriptCall {
 public:
  // Behind the echo comes `not_after` in server time, where there is one; then the arguments.
  ScriptCall(const redis_scripts::Script& script, Words keys, Words arguments,
             std::optional<Instant> not_after = std::nullopt)
      : script_(&script),
        not_after_(not_after),
        keys_(std::move(keys)),
        arguments_(std::move(arguments)) {}

  [[nodiscard]] const redis_scripts::Script& script() const { return *script_; }
  [[nodiscard]] const std::optional<Instant>& not_after() const { return not_after_; }
  [[nodiscard]] std::string_view key(std::size_t place) const { return keys_[place]; }
  // `not_after_us`: not_after() in server time; of no effect for a call without one.
  void send(ScriptForm form, std::string_view echo, std::int64_t not_after_us,
            const CommandSink& sink) const;

 private:
  const redis_scripts::Script* script_;
  std::optional<Instant> not_after_;
  Words keys_;
  Words arguments_;
};

// In how many calls, sent together, so many keys are refreshed: none may keep the server busy for
// long. Between two of them it serves others, as it reads 16 KiB of one client at a time
// (Redis 7.0, PROTO_IOBUF_LEN): what some 140 keys take.
std::size_t refresh_calls_for(std::size_t keys);
// Of a value; contents have 1 MiB at most, the rest of a record some KiB.
inline constexpr std::size_t max_value_bytes = 1024 * 1024 + 256 * 1024;

// The keys of one lock, in the order in which the scripts want them: the record, and beside it the
// fence, the queue and the waiters.
using LockKeys = Words;
inline constexpr std::size_t place_of_fence_key = 1;
// None: the key has no place for others beside it (key_codec.hpp).
std::optional<LockKeys> lock_keys(std::string_view key);

// `channel`: where to tell of a hand-over; empty: nowhere.
ScriptCall acquire_call(const AttemptRequest& request, LockKeys keys, std::string_view channel);
ScriptCall heartbeat_call(const HeartbeatRequest& request, LockKeys keys, std::string_view channel);
ScriptCall refresh_call(std::span<const RefreshRequest> requests);
ScriptCall release_call(const ReleaseRequest& request, LockKeys keys);
ScriptCall forget_call(std::string_view done_key);
// These two take any key.
ScriptCall inspect_call(const std::string& key, std::size_t max_waiters);
ScriptCall remove_call(const std::string& key, std::string_view expected);

// What a script's reply says: an array of strings, or, where none of the user's text is in it, one
// string with a space between two, which costs both sides less. The texts are read where they are:
// the reply must outlive them. Of any other kind of reply there are none.
class ReplyTexts {
 public:
  ReplyTexts(const Reply& reply);  // implicit: readers get replies as they came

  [[nodiscard]] std::size_t size() const { return texts_.size(); }
  std::string_view operator[](std::size_t place) const { return texts_[place]; }

 private:
  boost::container::small_vector<std::string_view, 8> texts_;
};

// Whether a reply is the one to the call that had this echo: it begins with the echo and the
// server's time, from 0 to max_server_time, or "-" where the script did not read its clock.
bool has_echo(const ReplyTexts& texts, std::string_view echo);
// The time in a reply that has its echo.
std::optional<StoreTime> script_time(const ReplyTexts& texts);

struct BadFence {};  // the fence key holds something else
template <class Reply>
using FencedAnswer = std::variant<Reply, BadFence>;

// Whether an attempt was refused because the server's clock was beyond its `not_after`.
bool is_too_late(const ReplyTexts& texts);

// What such a reply says. None: it makes no sense.
std::optional<FencedAnswer<AttemptReply>> read_acquire(const ReplyTexts& texts);
std::optional<FencedAnswer<HeartbeatReply>> read_heartbeat(const ReplyTexts& texts);
// Adds to what the calls before it have said; false: it makes no sense.
[[nodiscard]] bool read_refresh(const ReplyTexts& texts, std::size_t count, RefreshReply& into);
std::optional<ReleaseReply> read_release(const ReplyTexts& texts);
std::optional<InspectReply> read_inspect(const ReplyTexts& texts, const std::string& key);
std::optional<RemoveReply> read_remove(const ReplyTexts& texts);
std::optional<ForgetReply> read_forget(const ReplyTexts& texts);

}  // namespace exclusive_lock::redis
