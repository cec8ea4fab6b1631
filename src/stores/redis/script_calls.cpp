#include "stores/redis/script_calls.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/record_codec.hpp"

namespace exclusive_lock::redis {
namespace {

std::string ms_text(Milliseconds time) { return std::to_string(time.count()); }

template <class Integer>
std::optional<Integer> number_in(const Reply& reply) {
  Integer value{};
  const char* end = reply.text.data() + reply.text.size();
  const auto [stopped, error] = std::from_chars(reply.text.data(), end, value);
  const bool is_number = reply.is_string() && error == std::errc{} && stopped == end;
  return is_number ? std::optional(value) : std::nullopt;
}

// All scripts answer with an array of strings that begins with echo and time.
bool has_shape(const Reply& reply, std::size_t size) {
  return reply.is_array() && reply.elements.size() == size &&
         std::ranges::all_of(reply.elements, &Reply::is_string);
}

StoreTime time_of(const Reply& reply) {
  return StoreTime(number_in<std::int64_t>(reply.elements[1]).value_or(0));
}

// -1 never expires, -2 no record.
std::optional<Milliseconds> ttl_in(std::int64_t ms) {
  return ms < 0 ? std::nullopt : std::optional(Milliseconds(ms));
}

std::optional<AttemptOutcome> outcome_in(const std::string& text) {
  if (text == "granted") {
    return AttemptOutcome::granted;
  }
  if (text == "busy") {
    return AttemptOutcome::busy;
  }
  if (text == "superseded") {
    return AttemptOutcome::superseded;
  }
  return text == "too_late" ? std::optional(AttemptOutcome::too_late) : std::nullopt;
}

}  // namespace

Command script_command(const ScriptCall& call, ScriptForm form, std::string_view echo,
                       std::int64_t not_after_us) {
  const bool by_sha = form == ScriptForm::by_sha;
  Command words{by_sha ? "EVALSHA" : "EVAL",
                std::string(by_sha ? call.script->sha1 : call.script->text),
                std::to_string(call.keys.size())};
  words.reserve(words.size() + call.keys.size() + call.arguments.size() + 2);
  words.insert(words.end(), call.keys.begin(), call.keys.end());
  words.emplace_back(echo);
  if (call.not_after) {
    words.push_back(std::to_string(not_after_us));
  }
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  return words;
}

ScriptCall acquire_call(const AttemptRequest& request, std::string fence_key) {
  return {.script = &redis_scripts::acquire,
          .keys = {request.key, std::move(fence_key)},
          .arguments = {owner_text(request.owner), ms_text(request.ttl),
                        std::to_string(request.floor.value), request.record_tail},
          .not_after = request.not_after};
}

ScriptCall refresh_call(const RefreshRequest* first, std::size_t count) {
  ScriptCall call{.script = &redis_scripts::refresh, .keys = {}, .arguments = {}};
  for (const RefreshRequest* each = first; each != first + count; ++each) {
    call.keys.push_back(each->key);
    call.arguments.push_back(owner_text(each->owner));
    call.arguments.push_back(ms_text(each->ttl));
  }
  return call;
}

ScriptCall release_call(const ReleaseRequest& request) {
  return {.script = &redis_scripts::release,
          .keys = {request.key},
          .arguments = {owner_text(request.owner)}};
}

ScriptCall inspect_call(std::string key) {
  return {.script = &redis_scripts::inspect,
          .keys = {std::move(key)},
          .arguments = {std::to_string(most_value_bytes)}};
}

ScriptCall remove_call(std::string key, std::string expected) {
  return {.script = &redis_scripts::remove,
          .keys = {std::move(key)},
          .arguments = {std::move(expected)}};
}

std::optional<StoreTime> script_time(const Reply& reply, std::string_view echo) {
  if (!reply.is_array() || reply.elements.size() < 2 || !reply.elements[0].is_string() ||
      reply.elements[0].text != echo) {
    return std::nullopt;
  }
  const auto time_us = number_in<std::int64_t>(reply.elements[1]);
  return time_us ? std::optional(StoreTime(*time_us)) : std::nullopt;
}

std::optional<AcquireAnswer> read_acquire(const Reply& reply) {
  if (!has_shape(reply, 5)) {
    return std::nullopt;
  }
  if (reply.elements[2].text == "bad_fence") {
    return BadFence{};
  }
  const auto outcome = outcome_in(reply.elements[2].text);
  const auto fence = number_in<std::uint64_t>(reply.elements[3]);
  const auto remaining_ms = number_in<std::int64_t>(reply.elements[4]);
  if (!outcome || !fence || !remaining_ms || (outcome == AttemptOutcome::granted && *fence == 0)) {
    return std::nullopt;
  }
  return AttemptReply{.outcome = *outcome,
                      .fence = Fence{*fence},
                      .remaining_ttl = ttl_in(*remaining_ms),
                      .store_time = time_of(reply)};
}

bool read_refresh(const Reply& reply, std::size_t count, RefreshReply& into) {
  if (!has_shape(reply, count + 2)) {
    return false;
  }
  for (std::size_t i = 2; i < reply.elements.size(); ++i) {
    const std::string& verdict = reply.elements[i].text;
    if (verdict != "refreshed" && verdict != "lost") {
      return false;
    }
    into.verdicts.push_back(verdict == "refreshed" ? RefreshVerdict::refreshed
                                                   : RefreshVerdict::lost);
  }
  into.store_time = time_of(reply);
  return true;
}

std::optional<ReleaseReply> read_release(const Reply& reply) {
  if (!has_shape(reply, 3)) {
    return std::nullopt;
  }
  const std::string& verdict = reply.elements[2].text;
  if (verdict != "released" && verdict != "not_owner") {
    return std::nullopt;
  }
  return ReleaseReply{
      .verdict = verdict == "released" ? ReleaseVerdict::released : ReleaseVerdict::not_owner,
      .store_time = time_of(reply)};
}

std::optional<InspectReply> read_inspect(const Reply& reply, const std::string& key) {
  const auto remaining_ms =
      has_shape(reply, 4) ? number_in<std::int64_t>(reply.elements[2]) : std::nullopt;
  if (!remaining_ms) {
    return std::nullopt;
  }
  if (*remaining_ms == -2) {
    return InspectReply{};
  }
  return InspectReply{StoredRecord{
      .key = key, .value = reply.elements[3].text, .remaining_ttl = ttl_in(*remaining_ms)}};
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

}  // namespace exclusive_lock::redis
