#include "stores/local/local_verbs.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "core/done_mark.hpp"
#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "exclusive_lock/error.hpp"
#include "stores/grant_rules.hpp"
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

std::int64_t seconds_of(std::int64_t wall_us) { return wall_us / 1'000'000; }

}  // namespace

AttemptReply LocalVerbs::attempt(const AttemptRequest& request) {
  std::optional<LockRow> there = locks_.find(request.key);
  AttemptReply reply{.outcome = AttemptReplyStatus::too_late,
                     .fence = there ? there->fence : Fence{},
                     .remaining_ttl = std::nullopt,
                     .store_time = std::nullopt};
  if (machine_.clock->now() > request.not_after) {
    return reply;
  }
  if (!there) {
    return grant(request, there, reply.fence);
  }
  if (queue_.may_pass(*there, request)) {
    queue_.count_pass(*there);
    return grant(request, there, reply.fence);
  }
  queue_.advance(*there);
  const bool is_held = liveness_.is_live(*there);
  const std::optional<std::string> live_head = is_held ? there->head : std::nullopt;
  reply.fence = there->fence;
  if (live_head) {
    reply.fence = std::max(reply.fence, record_fence(*live_head).value_or(Fence{}));
    reply.remaining_ttl = liveness_.remaining_ttl(*there);
  }
  reply.outcome = AttemptReplyStatus::busy;
  std::optional<WaiterRow> entry = queue_.find(*there, request.owner);
  AttemptStep step = judge_attempt(live_head, request.owner);
  if (entry && entry->owner.ticket > request.owner.ticket) {
    step = AttemptStep::superseded;
  } else if (!is_held && there->waiting > 0) {
    step = AttemptStep::busy;  // the next call advances further
  }
  switch (step) {
    case AttemptStep::grant:
      return grant(request, there, reply.fence);
    case AttemptStep::granted_before:
      reply.outcome = AttemptReplyStatus::granted;
      reply.fence = record_fence(*live_head).value();
      break;
    case AttemptStep::busy:
      return request.wait_options ? wait_in_line(request, *there, entry, reply) : reply;
    case AttemptStep::superseded:
      reply.outcome = AttemptReplyStatus::superseded;
      break;
  }
  return reply;
}

AttemptReply LocalVerbs::wait_in_line(const AttemptRequest& request, LockRow& row,
                                      std::optional<WaiterRow> entry, AttemptReply reply) {
  if (entry) {
    queue_.renew(*entry, request, holder_.id());
  } else {
    entry = queue_.enter(row, request, holder_.id());
  }
  reply.outcome = entry ? AttemptReplyStatus::waiting : AttemptReplyStatus::queue_full;
  if (entry) {
    reply.position = queue_.position(row, *entry);
    reply.arrived_at = StoreTime(entry->arrived_us);
  }
  return reply;
}

AttemptReply LocalVerbs::grant(const AttemptRequest& request, const std::optional<LockRow>& there,
                               Fence last) {
  const std::int64_t wall_us = machine_.wall_us();
  const std::optional<Fence> fence = next_fence(last, wall_us, request.floor);
  if (!fence) {
    throw LocalError(no_fence_left());
  }
  if (there && there->head && there->holder) {
    after_.suspects.push_back(*there->holder);
  }
  const LockRow row =
      there ? *there : locks_.insert(request.key, seconds_of(wall_us) + look_interval.count());
  const std::string value = encode_record(request.owner, *fence, wall_us, request.record_tail);
  locks_.grant(row, {.fence = *fence,
                     .granted_at_us = wall_us,
                     .value = value,
                     .expires_at_ns = liveness_.expiry_after(request.ttl),
                     .boot = machine_.boot,
                     .holder = request.detached ? std::nullopt : std::optional(holder_.id())});
  sweep_due_rows();
  return {.outcome = AttemptReplyStatus::granted,
          .fence = *fence,
          .remaining_ttl = std::max(request.ttl, Milliseconds(1)),
          .store_time = std::nullopt};
}

HeartbeatReply LocalVerbs::heartbeat(const HeartbeatRequest& request) {
  HeartbeatReply reply{.outcome = HeartbeatReplyStatus::gone};
  std::optional<LockRow> there = locks_.find(request.key);
  if (!there) {
    return reply;
  }
  queue_.advance(*there);
  const bool is_held = liveness_.is_live(*there);
  if (is_held && record_owner(*there->head) == request.owner) {
    if (const auto fence = record_fence(*there->head)) {
      locks_.refresh(there->id, liveness_.expiry_after(request.ttl));
      reply.outcome = HeartbeatReplyStatus::granted;
      reply.fence = *fence;
    }
    return reply;
  }
  const std::optional<WaiterRow> entry = queue_.find(*there, request.owner);
  if (entry && entry->owner == request.owner) {
    queue_.heartbeat(*entry, request.alive_for);
    reply.outcome = HeartbeatReplyStatus::waiting;
    reply.position = queue_.position(*there, *entry);
    reply.remaining_ttl = is_held ? liveness_.remaining_ttl(*there) : std::nullopt;
  }
  return reply;
}

RefreshReplyStatus LocalVerbs::refresh(const RefreshRequest& request) {
  const std::optional<LockRow> there = locks_.find(request.key);
  if (!there || !liveness_.is_live(*there) || record_owner(*there->head) != request.owner) {
    return RefreshReplyStatus::lost;
  }
  locks_.refresh(there->id, liveness_.expiry_after(request.ttl), request.detached);
  return RefreshReplyStatus::refreshed;
}

ReleaseReplyStatus LocalVerbs::release(const ReleaseRequest& request) {
  std::optional<LockRow> there = locks_.find(request.key);
  if (!there) {
    return ReleaseReplyStatus::not_owner;
  }
  queue_.advance(*there);
  // The entry first, or the record would be handed over to it.
  const bool had_entry = end_own_entry(*there, request.owner);
  if (end_own_record(*there, request)) {
    return ReleaseReplyStatus::released;
  }
  return had_entry ? ReleaseReplyStatus::left : ReleaseReplyStatus::not_owner;
}

bool LocalVerbs::end_own_entry(LockRow& row, const Owner& owner) {
  const std::optional<WaiterRow> entry = queue_.find(row, owner);
  if (!entry || entry->owner.ticket > owner.ticket) {
    return false;
  }
  queue_.leave(row, *entry);
  return true;
}

bool LocalVerbs::end_own_record(LockRow& row, const ReleaseRequest& request) {
  const Owner& asking = request.owner;
  const std::optional<Owner> owner =
      liveness_.is_live(row) ? record_owner(*row.head) : std::nullopt;
  if (!owner || owner->id != asking.id || owner->ticket > asking.ticket) {
    return false;
  }
  std::string value;
  if (request.done_for || request.closed_for) {
    value = locks_.find_whole(request.key).value().value;
  }
  if (request.closed_for) {
    locks_.close(row.id, closed_record(value), liveness_.expiry_after(*request.closed_for));
  } else {
    queue_.end_record(row, request.barging_limit);
  }
  if (request.done_for) {
    const std::int64_t now_us = machine_.wall_us();
    marks_.put(request.key, encode_done_mark(value, StoreTime(now_us)), *request.done_for, now_us);
  }
  return true;
}

InspectReply LocalVerbs::inspect(std::string_view key) {
  InspectReply reply{.record = std::nullopt, .mark = marks_.find(key, machine_.wall_us())};
  std::optional<WholeRow> whole = locks_.find_whole(key);
  if (!whole) {
    return reply;
  }
  const LockRow row = whole->row;
  reply.record = seen(*std::move(whole));
  if (reply.record) {
    reply.record->waiters = queue_.shown(row);
  }
  return reply;
}

ListReply LocalVerbs::list(std::string_view key_prefix, std::size_t most) {
  ListReply reply;
  locks_.list(key_prefix, [&](WholeRow whole) {
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
  if (std::optional<LockRow> there = locks_.find(key)) {
    queue_.advance(*there);
  }
  std::optional<WholeRow> whole = locks_.find_whole(key);
  if (!whole || !liveness_.is_live(whole->row) || whole->value != expected) {
    return {.removed = false};
  }
  queue_.end_record(whole->row, 0);
  return {.removed = true};
}

ListMarksReply LocalVerbs::list_marks(std::string_view key_prefix, std::size_t most) {
  ListMarksReply reply;
  marks_.list(key_prefix, machine_.wall_us(), [&](StoredMark mark) {
    if (key_of_done_key(done_key(mark.key).value_or("")) != mark.key) {
      return true;  // a key with a tag of its own
    }
    reply.truncated = reply.marks.size() == most;
    if (!reply.truncated) {
      reply.marks.push_back(std::move(mark));
    }
    return !reply.truncated;
  });
  return reply;
}

ForgetReply LocalVerbs::forget(std::string_view key) {
  const bool is_there = marks_.find(key, machine_.wall_us()).has_value();
  if (is_there) {
    marks_.drop(key);
  }
  return {is_there};
}

std::optional<StoredRecord> LocalVerbs::seen(WholeRow whole) const {
  if (!liveness_.is_live(whole.row)) {
    return std::nullopt;
  }
  return StoredRecord{.key = std::move(whole.key),
                      .value = std::move(whole.value),
                      .remaining_ttl = liveness_.remaining_ttl(whole.row),
                      .waiting = static_cast<std::size_t>(whole.row.waiting)};
}

// A void record is cleared at the first look, its row is forgotten at the first look a day after
// its last grant.
void LocalVerbs::sweep_due_rows() {
  const std::int64_t wall_us = machine_.wall_us();
  const std::int64_t now_s = seconds_of(wall_us);
  for (LockRow& row : locks_.due(now_s, now_s + look_interval.count(), looks_per_grant)) {
    look_after(row, wall_us);
  }
}

void LocalVerbs::look_after(LockRow& row, std::int64_t wall_us) {
  const std::int64_t now_s = seconds_of(wall_us);
  queue_.advance(row);
  if (row.waiting > 0) {
    if (!queue_.drop_dead(row)) {  // otherwise it stays due
      locks_.postpone(row, now_s + waiting_look_interval.count());
    }
    return;
  }
  const bool is_of_use = liveness_.is_live(row);
  if (!is_of_use && row.granted_at_us < wall_us - fence_kept.count()) {
    locks_.forget(row);
    return;
  }
  locks_.postpone(row, now_s + look_interval.count());
  if (!is_of_use && row.head) {
    if (row.holder) {
      after_.suspects.push_back(*row.holder);
    }
    locks_.clear(row);
  }
}

}  // namespace exclusive_lock
