#include "stores/memory/memory_table.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/done_mark.hpp"
#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "stores/grant_rules.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Long enough for the fence to grow by counting over every usual gap between two holds, short
// enough that the fences of names that are not used any more go away (G8). After it, the time part
// makes it grow (G2).
constexpr Milliseconds fence_ttl = 24h;

}  // namespace

// --- attempt -----------------------------------------------------------------------------------

Answer<AttemptReply> MemoryTable::attempt(const AttemptRequest& request,
                                          const std::shared_ptr<const Channel>& channel) {
  if (clock_.requesters_now() > request.not_after) {
    return attempt_reply(request, AttemptReplyStatus::too_late);
  }
  if (may_pass(request)) {
    auto answer = grant(request);
    if (std::holds_alternative<AttemptReply>(answer)) {
      find_line(request.key)->count_pass();
    }
    return answer;
  }
  if (auto failure = advance(request.key)) {
    return std::move(*failure);
  }
  const Entry* there = find(request.key);
  WaitingLine* line = find_line(request.key);
  const auto record =
      there == nullptr ? std::nullopt : std::optional<std::string_view>(there->value);
  switch (judge_attempt(record, request.owner)) {
    case AttemptStep::superseded:
      return attempt_reply(request, AttemptReplyStatus::superseded);
    case AttemptStep::granted_before:
      return attempt_reply(request, AttemptReplyStatus::granted);
    case AttemptStep::grant:
      if (there != nullptr || line == nullptr) {
        return grant(request);
      }
      break;  // so many dead wait that this call did not come past them
    case AttemptStep::busy:
      break;
  }
  if (request.wait_options && !can_grow(request.floor)) {
    return no_fence_left();
  }
  const Waiter* waiter = line == nullptr ? nullptr : line->find(request.owner.id);
  if (waiter != nullptr && waiter->request.owner.ticket > request.owner.ticket) {
    return attempt_reply(request, AttemptReplyStatus::superseded);
  }
  return request.wait_options ? wait_in_line(request, channel)
                              : attempt_reply(request, AttemptReplyStatus::busy);
}

Answer<AttemptReply> MemoryTable::grant(const AttemptRequest& request) {
  if (!write_record(request, last_fence(request.key), request.ttl)) {
    return no_fence_left();
  }
  return attempt_reply(request, AttemptReplyStatus::granted);
}

AttemptReply MemoryTable::attempt_reply(const AttemptRequest& request, AttemptReplyStatus outcome) {
  return {.outcome = outcome,
          .fence = last_fence(request.key).value_or(Fence{}),
          .remaining_ttl =
              outcome == AttemptReplyStatus::too_late ? std::nullopt : ttl_in_the_way(request.key),
          .store_time = clock_.reported()};
}

// --- the other verbs ---------------------------------------------------------------------------

Answer<HeartbeatReply> MemoryTable::heartbeat(const HeartbeatRequest& request) {
  if (auto failure = advance(request.key)) {
    return std::move(*failure);
  }
  HeartbeatReply reply{.outcome = HeartbeatReplyStatus::gone, .store_time = clock_.reported()};
  Entry* record = find(request.key);
  if (record != nullptr && record_owner(record->value) == request.owner) {
    if (const std::optional<Fence> fence = fence_in(record->value)) {
      record->expires_at = clock_.now() + std::max(request.ttl, 1ms);
      reply.outcome = HeartbeatReplyStatus::granted;
      reply.fence = *fence;
    }
    return reply;
  }
  WaitingLine* line = find_line(request.key);
  Waiter* waiter = line == nullptr ? nullptr : line->find(request.owner.id);
  if (waiter != nullptr && waiter->request.owner == request.owner) {
    waiter->alive_until = clock_.now() + request.alive_for;
    line->expire_at(clock_.now() + line_ttl);
    reply.outcome = HeartbeatReplyStatus::waiting;
    reply.position = line->position(request.owner.id);
    reply.remaining_ttl = ttl_in_the_way(request.key);
  }
  return reply;
}

RefreshReply MemoryTable::refresh(const std::vector<RefreshRequest>& requests) {
  RefreshReply reply{.verdicts = {}, .store_time = clock_.reported()};
  for (const RefreshRequest& request : requests) {
    reply.verdicts.push_back(refresh_one(request));
  }
  return reply;
}

RefreshReplyStatus MemoryTable::refresh_one(const RefreshRequest& request) {
  Entry* entry = find(request.key);
  if (entry == nullptr || record_owner(entry->value) != request.owner) {
    return RefreshReplyStatus::lost;
  }
  entry->expires_at = clock_.now() + std::max(request.ttl, 1ms);
  return RefreshReplyStatus::refreshed;
}

ReleaseReply MemoryTable::release(const ReleaseRequest& request) {
  advance(request.key);  // where no fence can be given, this verb has its answer all the same
  Entry* entry = find(request.key);
  const std::optional<Owner> holder = entry == nullptr ? std::nullopt : record_owner(entry->value);
  const bool is_its_own =
      holder && holder->id == request.owner.id && holder->ticket <= request.owner.ticket;
  if (is_its_own) {
    end_own_record(request, *entry);
  }
  const bool had_waiter = end_own_entry(request);
  return {.verdict = is_its_own   ? ReleaseReplyStatus::released
                     : had_waiter ? ReleaseReplyStatus::left
                                  : ReleaseReplyStatus::not_owner};
}

// In one step with what the release says: there is no instant at which the lock is free and the
// mark missing.
void MemoryTable::end_own_record(const ReleaseRequest& request, Entry& record) {
  std::string mark = encode_done_mark(record.value, clock_.wall());
  if (request.closed_for) {
    record.value = closed_record(std::move(record.value));
    record.expires_at = clock_.now() + std::max(*request.closed_for, 1ms);
  } else {
    end_record(request.key, request.barging_limit);
  }
  if (request.done_for) {
    write_mark(request.key, std::move(mark), *request.done_for);
  }
}

// A shorter time does not cut the longer one of the mark before it.
void MemoryTable::write_mark(const std::string& key, std::string value, Milliseconds ttl) {
  const std::string beside = done_key(key).value();
  const Entry* before = find(beside);
  const auto left = before == nullptr ? std::nullopt : remaining_ttl(*before);
  plant(beside, std::move(value), std::max(ttl, left.value_or(1ms)));
}

InspectReply MemoryTable::inspect(const std::string& key) {
  InspectReply reply;
  const std::optional<std::string> beside = done_key(key);
  const Entry* mark = beside ? find(*beside) : nullptr;
  if (mark != nullptr) {
    reply.mark = StoredMark{.key = key, .value = mark->value, .read_at = clock_.wall()};
  }
  const Entry* entry = find(key);
  if (entry == nullptr) {
    return reply;
  }
  reply.record = seen(key, *entry);
  if (const WaitingLine* line = find_line(key)) {
    const std::size_t shown = std::min(line->waiters().size(), max_waiters_shown);
    for (std::size_t i = 0; i < shown; ++i) {
      const Waiter& waiter = line->waiters()[i];
      reply.record->waiters.push_back(
          {.owner = waiter.request.owner,
           .arrived_at = waiter.arrived_at,
           .tail_head = waiter.request.record_tail.substr(0, waiter_tail_head_size)});
    }
  }
  return reply;
}

ListReply MemoryTable::list(std::string_view key_prefix, std::size_t most) const {
  ListReply reply;
  for (auto each = data_.entries.all().lower_bound(key_prefix);
       each != data_.entries.all().end() && each->first.starts_with(key_prefix); ++each) {
    const auto& [key, entry] = *each;
    if (is_side_key(key) || entry.has_expired(clock_.now())) {
      continue;
    }
    if (reply.records.size() == most) {
      reply.truncated = true;
      break;
    }
    reply.records.push_back(seen(key, entry));
  }
  return reply;
}

RemoveReply MemoryTable::remove(const std::string& key, std::string_view expected) {
  advance(key);  // as in release()
  const Entry* entry = find(key);
  if (entry == nullptr || entry->value != expected) {
    return {false};
  }
  end_record(key, 0);
  return {true};
}

ListMarksReply MemoryTable::list_marks(std::string_view key_prefix, std::size_t most) const {
  ListMarksReply reply;
  const std::string beginning = "{" + std::string(key_prefix);
  for (auto each = data_.entries.all().lower_bound(beginning);
       each != data_.entries.all().end() && each->first.starts_with(beginning); ++each) {
    const auto& [beside, entry] = *each;
    auto key = key_of_done_key(beside);
    if (!key || entry.has_expired(clock_.now())) {
      continue;
    }
    if (reply.marks.size() == most) {
      reply.truncated = true;
      break;
    }
    reply.marks.push_back({.key = std::move(*key), .value = entry.value, .read_at = clock_.wall()});
  }
  return reply;
}

ForgetReply MemoryTable::forget(const std::string& key) {
  const std::optional<std::string> beside = done_key(key);
  const bool is_there = beside && find(*beside) != nullptr;
  if (is_there) {
    erase(*beside);
  }
  return {is_there};
}

// --- records -----------------------------------------------------------------------------------

// None: no fence above the last one and the floor is left, and nothing was done.
std::optional<Fence> MemoryTable::write_record(const AttemptRequest& request,
                                               std::optional<Fence> last, Milliseconds ttl) {
  const std::int64_t since_us = clock_.wall().count();
  const std::optional<Fence> fence = next_fence(last, since_us, request.floor);
  if (!fence) {
    return std::nullopt;
  }
  plant(fence_key(request.key).value(), std::to_string(fence->value), fence_ttl);
  plant(request.key, encode_record(request.owner, *fence, since_us, request.record_tail), ttl);
  if (WaitingLine* line = find_line(request.key)) {
    line->leave(request.owner.id);  // a grant ends the entry
  }
  return fence;
}

// Of the record that is there, else of the fence key, which is not looked at before (so a hold
// repairs what others have left there). 0: there is neither; none: it cannot be read.
std::optional<Fence> MemoryTable::last_fence(const std::string& key) {
  const Entry* record = find(key);
  if (const auto fence = record == nullptr ? std::nullopt : fence_in(record->value)) {
    return fence;
  }
  const Entry* kept = find(fence_key(key).value());
  if (kept == nullptr) {
    return Fence{};
  }
  Fence last;
  const char* const end = kept->value.data() + kept->value.size();
  const auto [stopped, error] = std::from_chars(kept->value.data(), end, last.value);
  const bool is_fence = error == std::errc() && stopped == end && last.value <= max_fence;
  return is_fence ? std::optional(last) : std::nullopt;
}

// Rounded up: an attempt after it finds the record gone.
std::optional<Milliseconds> MemoryTable::remaining_ttl(const Entry& entry) const {
  return entry.expires_at
             ? std::optional(std::chrono::ceil<Milliseconds>(*entry.expires_at - clock_.now()))
             : std::nullopt;
}

// Zero where there is no record, but so many dead entries that one call did not come past them.
std::optional<Milliseconds> MemoryTable::ttl_in_the_way(const std::string& key) {
  const Entry* entry = find(key);
  return entry == nullptr ? Milliseconds::zero() : remaining_ttl(*entry);
}

StoredRecord MemoryTable::seen(const std::string& key, const Entry& entry) const {
  const WaitingLine* line = data_.lines.find(key, clock_.now());
  return {.key = key,
          .value = entry.value,
          .remaining_ttl = remaining_ttl(entry),
          .waiting = line == nullptr ? 0 : line->waiters().size()};
}

// --- what is done from outside -----------------------------------------------------------------

void MemoryTable::plant(std::string key, std::string value, std::optional<Milliseconds> ttl) {
  const Instant now = clock_.now();
  data_.entries.put(std::move(key),
                    {std::move(value), ttl ? std::optional(now + *ttl) : std::nullopt}, now);
}

std::vector<StoredRecord> MemoryTable::everything() const {
  std::vector<StoredRecord> all;
  for (const auto& [key, entry] : data_.entries.all()) {
    if (!entry.has_expired(clock_.now())) {
      all.push_back(seen(key, entry));
    }
  }
  for (const auto& [key, line] : data_.lines.all()) {
    if (line.has_expired(clock_.now())) {
      continue;
    }
    StoredRecord queue{
        .key = queue_key(key).value(),
        .value = {},
        .remaining_ttl = std::chrono::ceil<Milliseconds>(line.expires_at() - clock_.now())};
    StoredRecord waiters = queue;
    waiters.key = waiters_key(key).value();
    for (const Waiter& waiter : line.waiters()) {
      queue.value += owner_text(waiter.request.owner) + "\n";
      waiters.value += waiter.request.record_tail + "\n";
    }
    if (line.pass_count() > 0) {
      waiters.value += "pass_count " + std::to_string(line.pass_count()) + "\n";
    }
    all.push_back(std::move(queue));
    all.push_back(std::move(waiters));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  return all;
}

}  // namespace exclusive_lock
