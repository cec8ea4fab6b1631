#include "stores/local/local_verbs.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "core/record_codec.hpp"
#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// As the other stores: after a day the time part alone makes fences grow.
constexpr auto fence_kept = std::chrono::microseconds(24h);
// How often a row is looked at, in use or not.
constexpr auto look_interval = std::chrono::seconds(1h);
// Each grant adds one row at most, so this many looks keep pace with any number of names.
constexpr int looks_per_grant = 4;
// Above it a double skips integers, and so do Lua and JavaScript. Not before the year 2255.
constexpr std::uint64_t most_fence = (1ULL << 53U) - 1;

std::int64_t seconds_of(std::int64_t wall_us) { return wall_us / 1'000'000; }

bool is_same_object(const Owner& one, const Owner& other) { return one.id == other.id; }

}  // namespace

AttemptStep judge_attempt(const std::optional<std::string>& live_head, const Owner& asking) {
  if (!live_head) {
    return AttemptStep::grant;
  }
  const std::optional<Owner> owner = record_owner(*live_head);
  if (!owner || !is_same_object(*owner, asking)) {
    return AttemptStep::busy;
  }
  if (owner->ticket != asking.ticket) {
    return owner->ticket < asking.ticket ? AttemptStep::grant : AttemptStep::superseded;
  }
  // Written by this very request, and damaged by somebody since where it has no fence: not ours
  // any more.
  return record_fence(*live_head) ? AttemptStep::granted_before : AttemptStep::busy;
}

std::optional<Fence> next_fence(Fence last, std::int64_t wall_us, Fence floor) {
  const std::uint64_t highest = std::max(last, floor).value;
  const auto by_time = static_cast<std::uint64_t>(std::max<std::int64_t>(wall_us, 0));
  if (highest >= most_fence || by_time > most_fence) {
    return std::nullopt;
  }
  return Fence{std::max(highest + 1, by_time)};
}

AttemptReply LocalVerbs::attempt(const AttemptRequest& request) {
  const std::optional<LockRow> there = table_.find(request.key);
  const bool is_held = there && is_live(*there);
  const std::optional<std::string> live_head = is_held ? there->head : std::nullopt;
  Fence last = there ? there->fence : Fence{};
  if (live_head) {
    last = std::max(last, record_fence(*live_head).value_or(Fence{}));
  }
  AttemptReply reply{.outcome = AttemptOutcome::too_late,
                     .fence = last,
                     .remaining_ttl = std::nullopt,
                     .store_time = std::nullopt};
  if (machine_.clock->now() > request.not_after) {
    return reply;
  }
  reply.remaining_ttl = is_held ? remaining_ttl(*there) : std::nullopt;
  switch (judge_attempt(live_head, request.owner)) {
    case AttemptStep::grant:
      return grant(request, there, last);
    case AttemptStep::granted_before:
      reply.outcome = AttemptOutcome::granted;
      reply.fence = record_fence(*live_head).value();
      break;
    case AttemptStep::busy:
      reply.outcome = AttemptOutcome::busy;
      break;
    case AttemptStep::superseded:
      reply.outcome = AttemptOutcome::superseded;
      break;
  }
  return reply;
}

AttemptReply LocalVerbs::grant(const AttemptRequest& request, const std::optional<LockRow>& there,
                               Fence last) {
  const std::int64_t wall_us = machine_.wall_us();
  const std::optional<Fence> fence = next_fence(last, wall_us, request.floor);
  if (!fence) {
    throw LocalError({.code = make_error_code(errc::protocol_error),
                      .message = "the fence of this name cannot grow any more; nothing was done. "
                                 "Somebody has planted a record or a floor near 2^53: use another "
                                 "name"});
  }
  const LockRow row =
      there ? *there : table_.insert(request.key, seconds_of(wall_us) + look_interval.count());
  const std::string value = encode_record(request.owner, *fence, wall_us, request.record_tail);
  table_.grant(row, {.id = row.id,
                     .fence = *fence,
                     .granted_at_us = wall_us,
                     .value = value,
                     .expires_at_ns = expiry_after(request.ttl),
                     .boot = machine_.boot,
                     .holder = request.detached ? std::nullopt : std::optional(holder_.id())});
  keep_house();
  return {.outcome = AttemptOutcome::granted,
          .fence = *fence,
          .remaining_ttl = std::max(request.ttl, Milliseconds(1)),
          .store_time = std::nullopt};
}

RefreshVerdict LocalVerbs::refresh(const RefreshRequest& request) {
  const std::optional<LockRow> there = table_.find(request.key);
  if (!there || !is_live(*there) || record_owner(*there->head) != request.owner) {
    return RefreshVerdict::lost;
  }
  table_.refresh(there->id, expiry_after(request.ttl));
  return RefreshVerdict::refreshed;
}

ReleaseVerdict LocalVerbs::release(const ReleaseRequest& request) {
  const std::optional<LockRow> there = table_.find(request.key);
  if (!there || !is_live(*there)) {
    return ReleaseVerdict::not_owner;
  }
  const std::optional<Owner> owner = record_owner(*there->head);
  if (!owner || !is_same_object(*owner, request.owner) || owner->ticket > request.owner.ticket) {
    return ReleaseVerdict::not_owner;
  }
  table_.clear(*there);
  return ReleaseVerdict::released;
}

InspectReply LocalVerbs::inspect(std::string_view key) {
  std::optional<WholeRow> whole = table_.find_whole(key);
  return {.record = whole ? seen(std::move(*whole)) : std::nullopt};
}

ListReply LocalVerbs::list(std::string_view key_prefix, std::size_t most) {
  ListReply reply;
  table_.list(key_prefix, [&](WholeRow whole) {
    std::optional<StoredRecord> record = seen(std::move(whole));
    if (record && reply.records.size() == most) {
      reply.truncated = true;
      return false;
    }
    if (record) {
      reply.records.push_back(std::move(*record));
    }
    return true;
  });
  return reply;
}

RemoveReply LocalVerbs::remove(std::string_view key, std::string_view expected) {
  const std::optional<WholeRow> whole = table_.find_whole(key);
  if (!whole || !is_live(whole->row) || whole->value != expected) {
    return {.removed = false};
  }
  table_.clear(whole->row);
  return {.removed = true};
}

bool LocalVerbs::is_live(const LockRow& row) const {
  if (!row.head) {
    return false;
  }
  if (row.expires_at_ns && (row.boot != machine_.boot || *row.expires_at_ns <= now_ns_)) {
    return false;
  }
  return !row.holder || holder_.is_alive(*row.holder);
}

// Rounded up: whoever tries again after it finds the record gone.
std::optional<Milliseconds> LocalVerbs::remaining_ttl(const LockRow& row) const {
  if (!row.expires_at_ns) {
    return std::nullopt;
  }
  return std::chrono::ceil<Milliseconds>(std::chrono::nanoseconds(*row.expires_at_ns - now_ns_));
}

std::int64_t LocalVerbs::expiry_after(Milliseconds ttl) const {
  return now_ns_ + std::chrono::nanoseconds(std::max(ttl, Milliseconds(1))).count();
}

std::optional<StoredRecord> LocalVerbs::seen(WholeRow whole) const {
  if (!is_live(whole.row)) {
    return std::nullopt;
  }
  return StoredRecord{.key = std::move(whole.key),
                      .value = std::move(whole.value),
                      .remaining_ttl = remaining_ttl(whole.row)};
}

// A void record is cleared at the first look, its row is forgotten at the first look a day after
// its last grant.
void LocalVerbs::keep_house() {
  const std::int64_t wall_us = machine_.wall_us();
  const std::int64_t now_s = seconds_of(wall_us);
  const std::int64_t next_look_s = now_s + look_interval.count();
  for (const LockRow& row : table_.due(now_s, next_look_s, looks_per_grant)) {
    if (is_live(row)) {
      table_.postpone(row, next_look_s);
    } else if (row.granted_at_us + fence_kept.count() < wall_us) {
      table_.forget(row);
    } else {
      table_.postpone(row, next_look_s);
      if (row.head) {
        table_.clear(row);
      }
    }
  }
}

}  // namespace exclusive_lock
