#include "stores/redis/script_calls.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "core/key_codec.hpp"
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

ScriptCall::ScriptCall(const redis_scripts::Script& script, std::span<std::string> keys,
                       std::size_t arguments, std::optional<Instant> not_after)
    : script_(&script), not_after_(not_after), echo_place_(3 + keys.size()) {
  const std::size_t first_argument = echo_place_ + (not_after_ ? 2 : 1);
  words_.reserve(first_argument + arguments);
  words_.resize(2);  // verb and script, of the form in which it is sent
  words_.push_back(std::to_string(keys.size()));
  std::ranges::move(keys, std::back_inserter(words_));
  words_.resize(first_argument);
}

const Command& ScriptCall::in_form(ScriptForm form, std::string_view echo,
                                   std::int64_t not_after_us) {
  const bool by_sha = form == ScriptForm::by_sha;
  words_[0] = by_sha ? "EVALSHA" : "EVAL";
  words_[1] = by_sha ? script_->sha1 : script_->text;
  words_[echo_place_] = echo;
  if (not_after_) {
    words_[echo_place_ + 1] = std::to_string(not_after_us);
  }
  return words_;
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

ScriptCall acquire_call(AttemptRequest request, LockKeys keys, std::string channel) {
  constexpr std::size_t most_arguments = 10;
  ScriptCall call(redis_scripts::acquire, keys, most_arguments, request.not_after);
  call.add(owner_text(request.owner));
  call.add(ms_text(request.ttl));
  call.add(std::to_string(request.floor.value));
  call.add(std::move(request.record_tail));
  call.add(std::to_string(request.barging_streak));
  if (const auto& patience = request.patience) {
    call.add(ms_text(patience->alive_for));
    call.add(ms_text(patience->confirm_ttl));
    call.add(std::to_string(patience->arrived_at.value_or(StoreTime(0)).count()));
    call.add(std::to_string(patience->most_waiting));
    call.add(std::move(channel));
  }
  return call;
}

ScriptCall beat_call(const BeatRequest& request, LockKeys keys, std::string channel) {
  ScriptCall call(redis_scripts::beat, keys, 4);
  call.add(owner_text(request.owner));
  call.add(ms_text(request.ttl));
  call.add(ms_text(request.alive_for));
  call.add(std::move(channel));
  return call;
}

ScriptCall refresh_call(RefreshRequest* first, std::size_t count) {
  std::vector<std::string> keys;
  keys.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    keys.push_back(std::move(first[i].key));
  }
  ScriptCall call(redis_scripts::refresh, keys, 2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    call.add(owner_text(first[i].owner));
    call.add(ms_text(first[i].ttl));
  }
  return call;
}

ScriptCall release_call(const ReleaseRequest& request, LockKeys keys) {
  ScriptCall call(redis_scripts::release, keys, 2);
  call.add(owner_text(request.owner));
  call.add(std::to_string(request.barging_streak));
  return call;
}

ScriptCall inspect_call(const std::string& key, std::size_t most_waiters) {
  std::vector<std::string> keys{key};
  if (auto all = lock_keys(key)) {
    keys.insert(keys.end(), {(*all)[2], (*all)[3]});
  }
  ScriptCall call(redis_scripts::inspect, keys, 2);
  call.add(std::to_string(most_value_bytes));
  call.add(std::to_string(most_waiters));
  return call;
}

ScriptCall remove_call(const std::string& key, std::string expected) {
  std::vector<std::string> keys{key};
  if (const auto all = lock_keys(key)) {
    keys.assign(all->begin(), all->end());
  }
  ScriptCall call(redis_scripts::remove, keys, 1);
  call.add(std::move(expected));
  return call;
}

std::optional<StoreTime> script_time(const Reply& reply, std::string_view echo) {
  if (!reply.is_array() || reply.elements.size() < 2 || !reply.elements[0].is_string() ||
      reply.elements[0].text != echo) {
    return std::nullopt;
  }
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
      .store_time = time_of(reply),
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
                   .store_time = time_of(reply)};
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
  into.store_time = time_of(reply);
  into.took =
      into.took.value_or(std::chrono::microseconds(0)) + std::chrono::microseconds(*took_us);
  return true;
}

std::optional<ReleaseReply> read_release(const Reply& reply) {
  if (!has_shape(reply, 3)) {
    return std::nullopt;
  }
  const auto verdict = release_verdict_in(reply.elements[2].text);
  if (!verdict) {
    return std::nullopt;
  }
  return ReleaseReply{.verdict = *verdict, .store_time = time_of(reply)};
}

std::optional<InspectReply> read_inspect(const Reply& reply, const std::string& key) {
  const std::size_t size = reply.elements.size();
  if (size < 5 || (size - 5) % texts_of_waiter != 0 || !has_shape(reply, size)) {
    return std::nullopt;
  }
  const auto remaining_ms = number_in<std::int64_t>(reply.elements[2]);
  const auto waiting = number_in<std::size_t>(reply.elements[4]);
  if (!remaining_ms || !waiting) {
    return std::nullopt;
  }
  if (*remaining_ms == -2) {
    return InspectReply{};
  }
  StoredRecord record{.key = key,
                      .value = reply.elements[3].text,
                      .remaining_ttl = ttl_in(*remaining_ms),
                      .waiting = *waiting};
  for (std::size_t at = 5; at < size; at += texts_of_waiter) {
    auto waiter = waiter_in(&reply.elements[at]);
    if (!waiter) {
      return std::nullopt;
    }
    record.waiters.push_back(std::move(*waiter));
  }
  return InspectReply{std::move(record)};
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
