#include "stores/redis/script_calls.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "core/request_size.hpp"
#include "stores/redis/redis_errors.hpp"

namespace exclusive_lock::redis {
namespace {

std::string ms_text(Milliseconds time) { return std::to_string(time.count()); }

Words words_of(const LockKeys& keys) { return {keys[0], keys[1], keys[2], keys[3]}; }

template <class Integer>
std::optional<Integer> number_in(const Reply& reply) {
  Integer value{};
  const char* end = reply.text.data() + reply.text.size();
  const auto [stopped, error] = std::from_chars(reply.text.data(), end, value);
  const bool is_number = reply.is_string() && error == std::errc{} && stopped == end;
  return is_number ? std::optional(value) : std::nullopt;
}

// All replies, unpacked, are an array of strings that begins with echo and time.
bool has_shape(const Reply& reply, std::size_t size) {
  return reply.is_array() && reply.elements.size() == size &&
         std::ranges::all_of(reply.elements, &Reply::is_string);
}

// What remains is added to clocks that count nanoseconds. A stranger's key may live longer.
constexpr Milliseconds most_remaining_ttl = std::chrono::years(100);

// -1 never expires, -2 no record.
std::optional<Milliseconds> ttl_in(std::int64_t ms) {
  return ms < 0 ? std::nullopt : std::optional(std::min(Milliseconds(ms), most_remaining_ttl));
}

constexpr std::size_t texts_of_acquire = 7;

std::optional<AttemptOutcome> outcome_in(const std::string& text) {
  if (text == "granted") {
    return AttemptOutcome::granted;
  }
  if (text == "busy") {
    return AttemptOutcome::busy;
  }
  if (text == "waiting") {
    return AttemptOutcome::waiting;
  }
  if (text == "queue_full") {
    return AttemptOutcome::queue_full;
  }
  if (text == "superseded") {
    return AttemptOutcome::superseded;
  }
  return text == "too_late" ? std::optional(AttemptOutcome::too_late) : std::nullopt;
}

std::optional<BeatOutcome> beat_outcome_in(const std::string& text) {
  if (text == "granted") {
    return BeatOutcome::granted;
  }
  if (text == "waiting") {
    return BeatOutcome::waiting;
  }
  return text == "gone" ? std::optional(BeatOutcome::gone) : std::nullopt;
}

std::optional<ReleaseVerdict> release_verdict_in(const std::string& text) {
  if (text == "released") {
    return ReleaseVerdict::released;
  }
  if (text == "left") {
    return ReleaseVerdict::left;
  }
  return text == "not_owner" ? std::optional(ReleaseVerdict::not_owner) : std::nullopt;
}

// Owner, arrival, beginning of the tail.
constexpr std::size_t texts_of_waiter = 3;

std::optional<StoredWaiter> waiter_in(const Reply* texts) {
  const auto owner = parse_owner(texts[0].text);
  const auto arrived_us = number_in<std::int64_t>(texts[1]);
  if (!owner || !arrived_us) {
    return std::nullopt;
  }
  return StoredWaiter{
      .owner = *owner, .arrived_at = StoreTime(*arrived_us), .tail_head = texts[2].text};
}

}  // namespace

void ScriptCall::send(ScriptForm form, std::string_view echo, std::int64_t not_after_us,
                      const CommandSink& sink) const {
  const bool by_sha = form == ScriptForm::by_sha;
  const std::string key_count = std::to_string(keys_.size());
  const std::string not_after = std::to_string(not_after_us);
  Command command;
  command.reserve(keys_.size() + arguments_.size() + 5);
  command.push_back(by_sha ? "EVALSHA" : "EVAL");
  command.push_back(by_sha ? script_->sha1 : script_->text);
  command.push_back(key_count);
  keys_.append_to(command);
  command.push_back(echo);
  if (not_after_) {
    command.push_back(not_after);
  }
  arguments_.append_to(command);
  sink(command);
}

std::optional<LockKeys> lock_keys(const std::string& key) {
  auto fence = fence_key(key);
  auto queue = queue_key(key);
  auto waiters = waiters_key(key);
  if (!fence || !queue || !waiters) {
    return std::nullopt;
  }
  return LockKeys{key, std::move(*fence), std::move(*queue), std::move(*waiters)};
}

ScriptCall acquire_call(const AttemptRequest& request, const LockKeys& keys,
                        std::string_view channel) {
  Words arguments;
  constexpr std::size_t most_numbers = 8 * 20;  // digits of eight numbers
  arguments.reserve(10,
                    owner_text_size + request.record_tail.size() + channel.size() + most_numbers);
  arguments.add(owner_text(request.owner));
  arguments.add(ms_text(request.ttl));
  arguments.add(std::to_string(request.floor.value));
  arguments.add(request.record_tail);
  arguments.add(std::to_string(request.barging_streak));
  if (const auto& patience = request.patience) {
    arguments.add(ms_text(patience->alive_for));
    arguments.add(ms_text(patience->confirm_ttl));
    arguments.add(std::to_string(patience->arrived_at.value_or(StoreTime(0)).count()));
    arguments.add(std::to_string(patience->most_waiting));
    arguments.add(channel);
  }
  return {redis_scripts::acquire, words_of(keys), std::move(arguments), request.not_after};
}

ScriptCall beat_call(const BeatRequest& request, const LockKeys& keys, std::string_view channel) {
  return {
      redis_scripts::beat, words_of(keys),
      Words{owner_text(request.owner), ms_text(request.ttl), ms_text(request.alive_for), channel}};
}

std::size_t refresh_calls_for(std::size_t keys) {
  constexpr std::size_t most_of_one = RequestSize::most / RequestSize::steps;
  return std::max(std::clamp(keys / RequestSize::fewest, std::size_t{1}, RequestSize::steps),
                  (keys + most_of_one - 1) / most_of_one);
}

ScriptCall refresh_call(std::span<const RefreshRequest> requests) {
  // In bytes. Longer ones cost a growth of the text.
  constexpr std::size_t usual_key = 48;
  constexpr std::size_t usual_ttl = 6;
  const std::size_t count = requests.size();
  Words keys;
  Words arguments;
  keys.reserve(count, count * usual_key);
  arguments.reserve(2 * count, count * (record_owner_end + usual_ttl));
  for (const RefreshRequest& request : requests) {
    keys.add(request.key);
    arguments.add(record_opening, owner_text(request.owner));
    arguments.add(ms_text(request.ttl));
  }
  return {redis_scripts::refresh, std::move(keys), std::move(arguments)};
}

ScriptCall release_call(const ReleaseRequest& request, const LockKeys& keys) {
  Words all = words_of(keys);
  Words arguments{owner_text(request.owner), std::to_string(request.barging_streak)};
  if (request.closed_for || request.done_for) {
    arguments.add(request.closed_for ? ms_text(std::max(*request.closed_for, Milliseconds(1)))
                                     : "0");
  }
  if (request.done_for) {
    all.add(done_key(request.key).value());
    arguments.add(ms_text(std::max(*request.done_for, Milliseconds(1))));
  }
  return {redis_scripts::release, std::move(all), std::move(arguments)};
}

ScriptCall forget_call(std::string_view done_key) {
  return {redis_scripts::forget, Words{done_key}, Words{}};
}

ScriptCall inspect_call(const std::string& key, std::size_t most_waiters) {
  const auto all = lock_keys(key);
  return {redis_scripts::inspect,
          all ? Words{key, (*all)[2], (*all)[3], done_key(key).value()} : Words{key},
          Words{std::to_string(most_value_bytes), std::to_string(most_waiters)}};
}

ScriptCall remove_call(const std::string& key, std::string_view expected) {
  const auto all = lock_keys(key);
  return {redis_scripts::remove, all ? words_of(*all) : Words{key}, Words{expected}};
}

Reply unpacked(Reply reply) {
  if (!reply.is_string()) {
    return reply;
  }
  Reply array{.kind = Reply::Kind::array};
  std::string_view rest = reply.text;
  // No more than a script joins: the last one keeps what a hostile server adds.
  while (array.elements.size() + 1 < texts_of_acquire && rest.find(' ') != rest.npos) {
    array.elements.push_back(
        {.kind = Reply::Kind::string, .text = std::string(rest.substr(0, rest.find(' ')))});
    rest.remove_prefix(rest.find(' ') + 1);
  }
  array.elements.push_back({.kind = Reply::Kind::string, .text = std::string(rest)});
  return array;
}

bool has_echo(const Reply& reply, std::string_view echo) {
  return reply.is_array() && reply.elements.size() >= 2 && reply.elements[0].is_string() &&
         reply.elements[0].text == echo && reply.elements[1].is_string() &&
         (reply.elements[1].text == "-" || script_time(reply));
}

std::optional<StoreTime> script_time(const Reply& reply) {
  const auto time_us = number_in<std::int64_t>(reply.elements[1]);
  const bool is_sane = time_us && *time_us >= 0 && *time_us <= most_server_time.count();
  return is_sane ? std::optional(StoreTime(*time_us)) : std::nullopt;
}

bool is_too_late(const Reply& reply) {
  return has_shape(reply, texts_of_acquire) &&
         outcome_in(reply.elements[2].text) == AttemptOutcome::too_late;
}

std::optional<FencedAnswer<AttemptReply>> read_acquire(const Reply& reply) {
  if (!has_shape(reply, texts_of_acquire)) {
    return std::nullopt;
  }
  if (reply.elements[2].text == "bad_fence") {
    return BadFence{};
  }
  const auto outcome = outcome_in(reply.elements[2].text);
  const auto fence = number_in<std::uint64_t>(reply.elements[3]);
  const auto remaining_ms = number_in<std::int64_t>(reply.elements[4]);
  const auto position = number_in<std::size_t>(reply.elements[5]);
  const auto arrived_us = number_in<std::int64_t>(reply.elements[6]);
  if (!outcome || !fence || !remaining_ms || !position || !arrived_us) {
    return std::nullopt;
  }
  const bool is_waiting = outcome == AttemptOutcome::waiting;
  if ((outcome == AttemptOutcome::granted && *fence == 0) || is_waiting != (*position > 0)) {
    return std::nullopt;
  }
  return AttemptReply{
      .outcome = *outcome,
      .fence = Fence{*fence},
      .remaining_ttl = ttl_in(*remaining_ms),
      .store_time = script_time(reply),
      .position = *position,
      .arrived_at = is_waiting ? std::optional(StoreTime(*arrived_us)) : std::nullopt};
}

std::optional<FencedAnswer<BeatReply>> read_beat(const Reply& reply) {
  if (!has_shape(reply, 6)) {
    return std::nullopt;
  }
  if (reply.elements[2].text == "bad_fence") {
    return BadFence{};
  }
  const auto outcome = beat_outcome_in(reply.elements[2].text);
  const auto fence = number_in<std::uint64_t>(reply.elements[3]);
  const auto remaining_ms = number_in<std::int64_t>(reply.elements[4]);
  const auto position = number_in<std::size_t>(reply.elements[5]);
  if (!outcome || !fence || !remaining_ms || !position ||
      (outcome == BeatOutcome::granted) != (*fence > 0) ||
      (outcome == BeatOutcome::waiting) != (*position > 0)) {
    return std::nullopt;
  }
  return BeatReply{.outcome = *outcome,
                   .fence = Fence{*fence},
                   .position = *position,
                   .remaining_ttl = ttl_in(*remaining_ms),
                   .store_time = script_time(reply)};
}

bool read_refresh(const Reply& reply, std::size_t count, RefreshReply& into) {
  if (!has_shape(reply, 4) || reply.elements[2].text.size() != count) {
    return false;
  }
  const auto took_us = number_in<std::int64_t>(reply.elements[3]);
  if (!took_us) {
    return false;
  }
  for (const char verdict : reply.elements[2].text) {
    if (verdict != 'r' && verdict != 'l') {
      return false;
    }
    into.verdicts.push_back(verdict == 'r' ? RefreshVerdict::refreshed : RefreshVerdict::lost);
  }
  into.store_time = script_time(reply);
  into.took =
      into.took.value_or(std::chrono::microseconds(0)) + std::chrono::microseconds(*took_us);
  return true;
}

std::optional<ReleaseReply> read_release(const Reply& reply) {
  const std::size_t size = reply.elements.size();
  if (size > 4 || !has_shape(reply, std::max<std::size_t>(size, 3))) {
    return std::nullopt;
  }
  const auto verdict = release_verdict_in(reply.elements[2].text);
  if (!verdict) {
    return std::nullopt;
  }
  ReleaseReply said{.verdict = *verdict};
  if (size == 4) {
    said.mark_failure =
        std::make_shared<const StoreFailure>(server_refused(reply.elements[3].text));
  }
  return said;
}

std::optional<InspectReply> read_inspect(const Reply& reply, const std::string& key) {
  const std::size_t size = reply.elements.size();
  constexpr std::size_t before_waiters = 6;
  if (size < before_waiters || (size - before_waiters) % texts_of_waiter != 0 ||
      !has_shape(reply, size)) {
    return std::nullopt;
  }
  const auto remaining_ms = number_in<std::int64_t>(reply.elements[2]);
  const auto waiting = number_in<std::size_t>(reply.elements[4]);
  if (!remaining_ms || !waiting) {
    return std::nullopt;
  }
  InspectReply said;
  if (const std::string& mark = reply.elements[5].text; !mark.empty()) {
    const auto time = script_time(reply);
    if (!time) {
      return std::nullopt;
    }
    said.mark = StoredMark{.key = key, .value = mark, .read_at = *time};
  }
  if (*remaining_ms == -2) {
    return said;
  }
  StoredRecord record{.key = key,
                      .value = reply.elements[3].text,
                      .remaining_ttl = ttl_in(*remaining_ms),
                      .waiting = *waiting};
  for (std::size_t at = before_waiters; at < size; at += texts_of_waiter) {
    auto waiter = waiter_in(&reply.elements[at]);
    if (!waiter) {
      return std::nullopt;
    }
    record.waiters.push_back(std::move(*waiter));
  }
  said.record = std::move(record);
  return said;
}

std::optional<RemoveReply> read_remove(const Reply& reply) {
  if (!has_shape(reply, 3)) {
    return std::nullopt;
  }
  const std::string& verdict = reply.elements[2].text;
  if (verdict != "removed" && verdict != "different") {
    return std::nullopt;
  }
  return RemoveReply{verdict == "removed"};
}

std::optional<ForgetReply> read_forget(const Reply& reply) {
  if (!has_shape(reply, 3)) {
    return std::nullopt;
  }
  const std::string& verdict = reply.elements[2].text;
  if (verdict != "forgotten" && verdict != "nothing") {
    return std::nullopt;
  }
  return ForgetReply{verdict == "forgotten"};
}

}  // namespace exclusive_lock::redis
