#include "stores/memory/memory_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>
#include <stdexcept>
#include <utility>

#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Long enough for the fence to grow by counting over every usual gap between two holds, short
// enough that the fences of names that are not used any more go away (G8). After it, the time part
// makes it grow (G2).
constexpr Milliseconds fence_ttl = 24h;

// A double holds every integer up to here exactly, and Lua has nothing else. The time part reaches
// it in 2255.
constexpr std::uint64_t highest_fence = (std::uint64_t{1} << 53U) - 1;

// A look costs less than a microsecond.
constexpr Milliseconds longest_retry_pause = 10ms;

struct Entry {
  std::string value;
  std::optional<Instant> expires_at;  // by the store's clock
};

class MapStore final : public MemoryStore {
 public:
  MapStore(const ClockSource& clock, const WallClockSource* wall) : clock_(clock), wall_(wall) {}

  // G2, G4.
  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    answer<AttemptReply>(deadline, done, [&] { return attempt_now(request); });
  }
  // G1, G3.
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    answer<RefreshReply>(deadline, done, [&] {
      RefreshReply reply{.verdicts = {}, .store_time = store_time()};
      for (const RefreshRequest& request : requests) {
        reply.verdicts.push_back(refresh_now(request));
      }
      return reply;
    });
  }
  // G3, G4.
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    answer<ReleaseReply>(deadline, done, [&] {
      return ReleaseReply{.verdict = release_now(request), .store_time = store_time()};
    });
  }
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    answer<InspectReply>(deadline, done, [&] {
      const Entry* entry = find(key);
      return entry == nullptr ? InspectReply{} : InspectReply{seen(key, *entry)};
    });
  }
  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    answer<ListReply>(deadline, done, [&] { return list_now(key_prefix, most); });
  }
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    answer<RemoveReply>(deadline, done, [&] {
      const Entry* entry = find(key);
      if (entry == nullptr || entry->value != expected) {
        return RemoveReply{false};
      }
      entries_.erase(key);
      return RemoveReply{true};
    });
  }

  Milliseconds retry_pause() const override { return longest_retry_pause; }
  const std::string& url() const override { return url_; }
  void close() override {
    if (::getpid() == creator_) {
      const std::lock_guard guard(mutex_);
      closed_ = true;
      entries_.clear();
    }
  }

  void plant(std::string key, std::string value, std::optional<Milliseconds> ttl) override {
    const std::lock_guard guard(mutex_);
    put(std::move(key), std::move(value), ttl);
  }
  void erase(std::string_view key) override {
    const std::lock_guard guard(mutex_);
    entries_.erase(std::string(key));
  }
  void wipe() override {
    const std::lock_guard guard(mutex_);
    entries_.clear();
  }
  std::vector<StoredRecord> everything() const override {
    const std::lock_guard guard(mutex_);
    std::vector<StoredRecord> all;
    for (const auto& [key, entry] : entries_) {
      if (!has_expired(entry)) {
        all.push_back(seen(key, entry));
      }
    }
    return all;
  }

 private:
  // --- the verbs, each in one atomic step ---

  Answer<AttemptReply> attempt_now(const AttemptRequest& request) {
    if (clock_.now() > request.not_after) {
      return attempt_reply(request, AttemptOutcome::too_late, last_fence(request.key));
    }
    const Entry* there = find(request.key);
    if (there == nullptr) {
      return grant(request);
    }
    const std::optional<Owner> holder = record_owner(there->value);
    if (!holder || holder->id != request.owner.id) {
      return attempt_reply(request, AttemptOutcome::busy, last_fence(request.key));
    }
    if (holder->ticket > request.owner.ticket) {
      return attempt_reply(request, AttemptOutcome::superseded, last_fence(request.key));
    }
    if (holder->ticket < request.owner.ticket) {
      return grant(request);  // take-over
    }
    // Our own request was carried out before and its reply lost. A fence that cannot be read is a
    // record that somebody has damaged: not ours any more.
    const std::optional<Fence> fence = record_fence(there->value);
    return fence ? attempt_reply(request, AttemptOutcome::granted, *fence)
                 : attempt_reply(request, AttemptOutcome::busy, last_fence(request.key));
  }

  RefreshVerdict refresh_now(const RefreshRequest& request) {
    Entry* entry = find(request.key);
    if (entry == nullptr || record_owner(entry->value) != request.owner) {
      return RefreshVerdict::lost;
    }
    entry->expires_at = now() + std::max(request.ttl, 1ms);
    return RefreshVerdict::refreshed;
  }

  ReleaseVerdict release_now(const ReleaseRequest& request) {
    const Entry* entry = find(request.key);
    const std::optional<Owner> holder =
        entry == nullptr ? std::nullopt : record_owner(entry->value);
    if (!holder || holder->id != request.owner.id || holder->ticket > request.owner.ticket) {
      return ReleaseVerdict::not_owner;
    }
    entries_.erase(request.key);
    return ReleaseVerdict::released;
  }

  ListReply list_now(const std::string& key_prefix, std::size_t most) const {
    ListReply reply;
    for (auto each = entries_.lower_bound(key_prefix);
         each != entries_.end() && each->first.starts_with(key_prefix); ++each) {
      const auto& [key, entry] = *each;
      if (is_side_key(key) || has_expired(entry)) {
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

  // --- what they are made of ---

  Answer<AttemptReply> grant(const AttemptRequest& request) {
    const std::int64_t since_us = wall_time().count();
    const Fence last = std::max(last_fence(request.key), request.floor);
    if (last.value >= highest_fence) {
      return failure(
          errc::protocol_error,
          "the last fence of this name is beyond all that are given out, so somebody else "
          "wrote it; nothing was done. Delete its fence key");
    }
    const Fence fence{std::max(last.value + 1, static_cast<std::uint64_t>(since_us))};
    put(fence_key(request.key).value(), std::to_string(fence.value), fence_ttl);
    put(request.key, encode_record(request.owner, fence, since_us, request.record_tail),
        request.ttl);
    return attempt_reply(request, AttemptOutcome::granted, fence);
  }

  AttemptReply attempt_reply(const AttemptRequest& request, AttemptOutcome outcome, Fence fence) {
    const Entry* entry = find(request.key);
    const bool tells = entry != nullptr && outcome != AttemptOutcome::too_late;
    return {.outcome = outcome,
            .fence = fence,
            .remaining_ttl = tells ? remaining_ttl(*entry) : std::nullopt,
            .store_time = store_time()};
  }

  // Of the fence key, or of a record that outlived it. What cannot be read counts as the highest.
  Fence last_fence(const std::string& key) {
    Fence last;
    if (const Entry* kept = find(fence_key(key).value())) {
      const std::string& text = kept->value;
      const char* const end = text.data() + text.size();
      const auto [stopped, error] = std::from_chars(text.data(), end, last.value);
      last.value = error == std::errc() && stopped == end ? last.value : highest_fence;
    }
    const Entry* record = find(key);
    return std::max(last,
                    record == nullptr ? Fence{} : record_fence(record->value).value_or(Fence{}));
  }

  // Null where there is nothing, or nothing any more.
  Entry* find(const std::string& key) {
    const auto found = entries_.find(key);
    return found == entries_.end() || has_expired(found->second) ? nullptr : &found->second;
  }

  void put(std::string key, std::string value, std::optional<Milliseconds> ttl) {
    if (entries_.size() >= sweep_at_) {
      std::erase_if(entries_, [this](const auto& each) { return has_expired(each.second); });
      sweep_at_ = 2 * entries_.size() + 64;
    }
    entries_[std::move(key)] = {std::move(value), ttl ? std::optional(now() + *ttl) : std::nullopt};
  }

  bool has_expired(const Entry& entry) const {
    return entry.expires_at && *entry.expires_at <= now();
  }

  // Rounded up: whoever tries again after it finds the record gone.
  std::optional<Milliseconds> remaining_ttl(const Entry& entry) const {
    return entry.expires_at
               ? std::optional(std::chrono::ceil<Milliseconds>(*entry.expires_at - now()))
               : std::nullopt;
  }

  StoredRecord seen(const std::string& key, const Entry& entry) const {
    return {.key = key, .value = entry.value, .remaining_ttl = remaining_ttl(entry)};
  }

  // --- clocks ---

  // The clock by which records expire.
  Instant now() const { return wall_ == nullptr ? clock_.now() : Instant(wall_->now()); }
  std::optional<StoreTime> store_time() const {
    return wall_ == nullptr ? std::nullopt : std::optional(wall_->now());
  }
  StoreTime wall_time() const {
    return wall_ != nullptr ? wall_->now()
                            : std::chrono::duration_cast<StoreTime>(
                                  std::chrono::system_clock::now().time_since_epoch());
  }

  // --- the contract of every verb ---

  template <class Reply, class Step>
  void answer(Instant deadline, const Done<Reply>& done, Step step) {
    done(carry_out<Reply>(deadline, step));  // without the mutex: `done` may ask again
  }

  template <class Reply, class Step>
  Answer<Reply> carry_out(Instant deadline, Step step) {
    if (::getpid() != creator_) {  // before the mutex, which a thread of the parent may have held
      return failure(errc::connection_closed,
                     "the connection was made before a fork(); the child needs one of its own");
    }
    const std::lock_guard guard(mutex_);
    if (closed_) {
      return failure(errc::connection_closed, "the connection was closed; make a new one");
    }
    if (clock_.now() > deadline) {
      return failure(errc::store_unavailable,
                     "the time for the request was over before it was sent; nothing was done");
    }
    return step();
  }

  static StoreFailure failure(errc code, std::string message) {
    return {.code = code, .message = std::move(message), .may_have_run = false};
  }

  const ClockSource& clock_;
  const WallClockSource* const wall_;
  const pid_t creator_ = ::getpid();
  const std::string url_ = "memory:";

  mutable std::mutex mutex_;  // guards what follows; verbs come from any thread
  std::map<std::string, Entry> entries_;
  std::size_t sweep_at_ = 64;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<Store> make_memory_store(const ClockSource& clock) {
  return std::make_shared<MapStore>(clock, nullptr);
}

std::shared_ptr<MemoryStore> make_memory_store(const ClockSource& clock,
                                               const WallClockSource& wall) {
  return std::make_shared<MapStore>(clock, &wall);
}

}  // namespace exclusive_lock
