#include "stores/redis/script_calls.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "core/request_size.hpp"
#include "stores/redis/redis_errors.hpp"

namespace exclusive_lock::redis {
namespace {

std::string ms_text(Milliseconds time) { return std::to_string(time.count()); }

template <class Integer>
std::optional<Integer> number_in(std::string_view text) {
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  return error == std::errc{} && stopped == end ? std::optional(value) : std::nullopt;
}

// What remains is added to clocks that count nanoseconds. A stranger's key may live longer.
constexpr Milliseconds max_remaining_ttl = std::chrono::years(100);

// -1 never expires, -2 no record.
std::optional<Milliseconds> ttl_in(std::int64_t ms) {
  return ms < 0 ? std::nullopt : std::optional(std::min(Milliseconds(ms), max_remaining_ttl));
}

constexpr std::size_t texts_of_acquire = 7;

std::optional<AttemptReplyStatus> outcome_in(std::string_view text) {
  if (text == "granted") {
    return AttemptReplyStatus::granted;
  }
  if (text == "busy") {
    return AttemptReplyStatus::busy;
  }
  if (text == "waiting") {
    return AttemptReplyStatus::waiting;
  }
  if (text == "queue_full") {
    return AttemptReplyStatus::queue_full;
  }
  if (text == "superseded") {
    return AttemptReplyStatus::superseded;
  }
  return text == "too_late" ? std::optional(AttemptReplyStatus::too_late) : std::nullopt;
}

std::optional<HeartbeatReplyStatus> heartbeat_outcome_in(std::string_view text) {
  if (text == "granted") {
    return HeartbeatReplyStatus::granted;
  }
  if (text == "waiting") {
    return HeartbeatReplyStatus::waiting;
  }
  return text == "gone" ? std::optional(HeartbeatReplyStatus::gone) : std::nullopt;
}

std::optional<ReleaseReplyStatus> release_verdict_in(std::string_view text) {
  if (text == "released") {
    return ReleaseReplyStatus::released;
  }
  if (text == "left") {
    return ReleaseReplyStatus::left;
  }
  return text == "not_owner" ? std::optional(ReleaseReplyStatus::not_owner) : std::nullopt;
}

// Owner, arrival, beginning of the tail.
constexpr std::size_t texts_of_waiter = 3;

std::optional<StoredWaiter> waiter_in(const ReplyTexts& texts, std::size_t at) {
  const auto owner = parse_owner(texts[at]);
  const auto arrived_us = number_in<std::int64_t>(texts[at + 1]);
  if (!owner || !arrived_us) {
    return std::nullopt;
  }
  return StoredWaiter{.owner = *owner,
                      .arrived_at = StoreTime(*arrived_us),
                      .tail_head = std::string(texts[at + 2])};
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

std::optional<LockKeys> lock_keys(std::string_view key) {
  const auto around = around_side_keys(key);
  if (!around) {
    return std::nullopt;
  }
  constexpr std::array side_suffixes{fence_suffix, queue_suffix, waiters_suffix};
  constexpr std::size_t max_beside_key = 10;  // "{}:waiters"
  LockKeys keys;
  keys.reserve(1 + side_suffixes.size(),
               (1 + side_suffixes.size()) * (key.size() + max_beside_key));
  keys.add(key);
  for (const std::string_view suffix : side_suffixes) {
    keys.add({around->before, key, around->behind, suffix});
  }
  return keys;
}

ScriptCall acquire_call(const AttemptRequest& request, LockKeys keys, std::string_view channel) {
  Words arguments;
  constexpr std::size_t max_numbers = 8 * 20;  // digits of eight numbers
  arguments.reserve(10,
                    owner_text_size + request.record_tail.size() + channel.size() + max_numbers);
  arguments.add(owner_text(request.owner));
  arguments.add(request.ttl.count());
  arguments.add(request.floor.value);
  arguments.add(request.record_tail);
  arguments.add(request.barging_limit);
  if (const auto& wait_options = request.wait_options) {
    arguments.add(wait_options->alive_for.count());
    arguments.add(wait_options->confirm_ttl.count());
    arguments.add(wait_options->arrived_at.value_or(StoreTime(0)).count());
    arguments.add(wait_options->max_waiting);
    arguments.add(channel);
  }
  return {redis_scripts::acquire, std::move(keys), std::move(arguments), request.not_after};
}

ScriptCall heartbeat_call(const HeartbeatRequest& request, LockKeys keys,
                          std::string_view channel) {
  return {
      redis_scripts::heartbeat, std::move(keys),
      Words{owner_text(request.owner), ms_text(request.ttl), ms_text(request.alive_for), channel}};
}

std::size_t refresh_calls_for(std::size_t keys) {
  constexpr std::size_t max_of_one = RequestSize::most / RequestSize::steps;
  return std::max(std::clamp(keys / RequestSize::min_keys, std::size_t{1}, RequestSize::steps),
                  (keys + max_of_one - 1) / max_of_one);
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
    arguments.add({record_opening, owner_text(request.owner)});
    arguments.add(ms_text(request.ttl));
  }
  return {redis_scripts::refresh, std::move(keys), std::move(arguments)};
}

ScriptCall release_call(const ReleaseRequest& request, LockKeys keys) {
  Words arguments{owner_text(request.owner), std::to_string(request.barging_limit)};
  if (request.closed_for || request.done_for) {
    arguments.add(request.closed_for ? ms_text(std::max(*request.closed_for, Milliseconds(1)))
                                     : "0");
  }
  if (request.done_for) {
    keys.add(done_key(request.key).value());
    arguments.add(ms_text(std::max(*request.done_for, Milliseconds(1))));
  }
  return {redis_scripts::release, std::move(keys), std::move(arguments)};
}

ScriptCall forget_call(std::string_view done_key) {
  return {redis_scripts::forget, Words{done_key}, Words{}};
}

ScriptCall inspect_call(const std::string& key, std::size_t max_waiters) {
  const auto all = lock_keys(key);
  return {redis_scripts::inspect,
          all ? Words{key, (*all)[2], (*all)[3], done_key(key).value()} : Words{key},
          Words{std::to_string(max_value_bytes), std::to_string(max_waiters)}};
}

ScriptCall remove_call(const std::string& key, std::string_view expected) {
  auto all = lock_keys(key);
  return {redis_scripts::remove, all ? std::move(*all) : Words{key}, Words{expected}};
}

ReplyTexts::ReplyTexts(const Reply& reply) {
  if (reply.is_array() && std::ranges::all_of(reply.elements, &Reply::is_string)) {
    texts_.reserve(reply.elements.size());
    for (const Reply& element : reply.elements) {
      texts_.push_back(element.text);
    }
  } else if (reply.is_string()) {
    std::string_view rest = reply.text;
    // No more than a script joins: the last one keeps what a hostile server adds.
    for (auto end = rest.find(' '); texts_.size() + 1 < texts_of_acquire && end != rest.npos;
         end = rest.find(' ')) {
      texts_.push_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    texts_.push_back(rest);
  }
}

bool has_echo(const ReplyTexts& texts, std::string_view echo) {
  return texts.size() >= 2 && texts[0] == echo && (texts[1] == "-" || script_time(texts));
}

std::optional<StoreTime> script_time(const ReplyTexts& texts) {
  const auto time_us = number_in<std::int64_t>(texts[1]);
  const bool is_sane = time_us && *time_us >= 0 && *time_us <= max_server_time.count();
  return is_sane ? std::optional(StoreTime(*time_us)) : std::nullopt;
}

bool is_too_late(const ReplyTexts& texts) {
  return texts.size() == texts_of_acquire && outcome_in(texts[2]) == AttemptReplyStatus::too_late;
}

std::optional<FencedAnswer<AttemptReply>> read_acquire(const ReplyTexts& texts) {
  if (texts.size() != texts_of_acquire) {
    return std::nullopt;
  }
  if (texts[2] == "bad_fence") {
    return BadFence{};
  }
  const auto outcome = outcome_in(texts[2]);
  const auto fence = number_in<std::uint64_t>(texts[3]);
  const auto remaining_ms = number_in<std::int64_t>(texts[4]);
  const auto position = number_in<std::size_t>(texts[5]);
  const auto arrived_us = number_in<std::int64_t>(texts[6]);
  if (!outcome || !fence || !remaining_ms || !position || !arrived_us) {
    return std::nullopt;
  }
  const bool is_waiting = outcome == AttemptReplyStatus::waiting;
  if ((outcome == AttemptReplyStatus::granted && *fence == 0) || is_waiting != (*position > 0)) {
    return std::nullopt;
  }
  return AttemptReply{
      .outcome = *outcome,
      .fence = Fence{*fence},
      .remaining_ttl = ttl_in(*remaining_ms),
      .store_time = script_time(texts),
      .position = *position,
      .arrived_at = is_waiting ? std::optional(StoreTime(*arrived_us)) : std::nullopt};
}

std::optional<FencedAnswer<HeartbeatReply>> read_heartbeat(const ReplyTexts& texts) {
  if (texts.size() != 6) {
    return std::nullopt;
  }
  if (texts[2] == "bad_fence") {
    return BadFence{};
  }
  const auto outcome = heartbeat_outcome_in(texts[2]);
  const auto fence = number_in<std::uint64_t>(texts[3]);
  const auto remaining_ms = number_in<std::int64_t>(texts[4]);
  const auto position = number_in<std::size_t>(texts[5]);
  if (!outcome || !fence || !remaining_ms || !position ||
      (outcome == HeartbeatReplyStatus::granted) != (*fence > 0) ||
      (outcome == HeartbeatReplyStatus::waiting) != (*position > 0)) {
    return std::nullopt;
  }
  return HeartbeatReply{.outcome = *outcome,
                        .fence = Fence{*fence},
                        .position = *position,
                        .remaining_ttl = ttl_in(*remaining_ms),
                        .store_time = script_time(texts)};
}

bool read_refresh(const ReplyTexts& texts, std::size_t count, RefreshReply& into) {
  if (texts.size() != 4 || texts[2].size() != count) {
    return false;
  }
  const auto took_us = number_in<std::int64_t>(texts[3]);
  if (!took_us) {
    return false;
  }
  for (const char verdict : texts[2]) {
    if (verdict != 'r' && verdict != 'l') {
      return false;
    }
    into.verdicts.push_back(verdict == 'r' ? RefreshReplyStatus::refreshed
                                           : RefreshReplyStatus::lost);
  }
  into.store_time = script_time(texts);
  into.took =
      into.took.value_or(std::chrono::microseconds(0)) + std::chrono::microseconds(*took_us);
  return true;
}

std::optional<ReleaseReply> read_release(const ReplyTexts& texts) {
  const std::size_t size = texts.size();
  if (size < 3 || size > 4) {
    return std::nullopt;
  }
  const auto verdict = release_verdict_in(texts[2]);
  if (!verdict) {
    return std::nullopt;
  }
  ReleaseReply said{.verdict = *verdict};
  if (size == 4) {
    said.mark_failure = std::make_shared<const StoreFailure>(server_refused(std::string(texts[3])));
  }
  return said;
}

std::optional<InspectReply> read_inspect(const ReplyTexts& texts, const std::string& key) {
  const std::size_t size = texts.size();
  constexpr std::size_t before_waiters = 6;
  if (size < before_waiters || (size - before_waiters) % texts_of_waiter != 0) {
    return std::nullopt;
  }
  const auto remaining_ms = number_in<std::int64_t>(texts[2]);
  const auto waiting = number_in<std::size_t>(texts[4]);
  if (!remaining_ms || !waiting) {
    return std::nullopt;
  }
  InspectReply said;
  if (const std::string_view mark = texts[5]; !mark.empty()) {
    const auto time = script_time(texts);
    if (!time) {
      return std::nullopt;
    }
    said.mark = StoredMark{.key = key, .value = std::string(mark), .read_at = *time};
  }
  if (*remaining_ms == -2) {
    return said;
  }
  StoredRecord record{.key = key,
                      .value = std::string(texts[3]),
                      .remaining_ttl = ttl_in(*remaining_ms),
                      .waiting = *waiting};
  for (std::size_t at = before_waiters; at < size; at += texts_of_waiter) {
    auto waiter = waiter_in(texts, at);
    if (!waiter) {
      return std::nullopt;
    }
    record.waiters.push_back(std::move(*waiter));
  }
  said.record = std::move(record);
  return said;
}

std::optional<RemoveReply> read_remove(const ReplyTexts& texts) {
  if (texts.size() != 3) {
    return std::nullopt;
  }
  const std::string_view verdict = texts[2];
  if (verdict != "removed" && verdict != "different") {
    return std::nullopt;
  }
  return RemoveReply{verdict == "removed"};
}

std::optional<ForgetReply> read_forget(const ReplyTexts& texts) {
  if (texts.size() != 3) {
    return std::nullopt;
  }
  const std::string_view verdict = texts[2];
  if (verdict != "forgotten" && verdict != "nothing") {
    return std::nullopt;
  }
  return ForgetReply{verdict == "forgotten"};
}

}  // namespace exclusive_lock::redis
