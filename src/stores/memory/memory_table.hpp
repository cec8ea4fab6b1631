#pragma once
// What the verbs do, each in one step: the specification that all stores are held to (G9), in one
// map of records and side keys and one of queues. Not thread-safe; memory_store.cpp sees to that,
// and to the rest of the contract of store.hpp.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "os/clock.hpp"
#include "stores/memory/expiring_map.hpp"
#include "stores/memory/memory_store.hpp"
#include "stores/memory/store_clock.hpp"
#include "stores/memory/waiting_line.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

// What the entries of one client name as the way to reach it. Without a listener it is lost
// any more, and they count as dead.
struct Channel {
  std::shared_ptr<const Store::WakeUpListener> listener;
};

struct Push {
  std::shared_ptr<const Store::WakeUpListener> to;
  WakeUp wake_up;
};

class MemoryTable {
 private:
  struct Entry {
    std::string value;
    std::optional<Instant> expires_at;  // by the store's clock
    [[nodiscard]] bool has_expired(Instant now) const { return expires_at && *expires_at <= now; }
  };

 public:
  // See make_memory_store(); without `wall` records expire by `clock`.
  MemoryTable(const ClockSource& clock, const WallClockSource* wall) : clock_(clock, wall) {}

  Answer<AttemptReply> attempt(const AttemptRequest& request,
                               const std::shared_ptr<const Channel>& channel);
  Answer<HeartbeatReply> heartbeat(const HeartbeatRequest& request);
  RefreshReply refresh(const std::vector<RefreshRequest>& requests);
  ReleaseReply release(const ReleaseRequest& request);
  InspectReply inspect(const std::string& key);
  ListReply list(std::string_view key_prefix, std::size_t most) const;
  RemoveReply remove(const std::string& key, std::string_view expected);
  ListMarksReply list_marks(std::string_view key_prefix, std::size_t most) const;
  ForgetReply forget(const std::string& key);

  // Those that the verbs since the last call have to send.
  std::vector<Push> take_pushes();

  // See MemoryStore.
  void plant(std::string key, std::string value, std::optional<Milliseconds> ttl);
  void erase(const std::string& key) { data_.entries.erase(key); }
  void wipe() { go_back_to({}); }
  std::vector<StoredRecord> everything() const;

  struct Data {
    ExpiringMap<Entry> entries;
    ExpiringMap<WaitingLine> lines;  // by the key of the record
  };
  [[nodiscard]] const Data& data() const { return data_; }
  void go_back_to(Data data) { data_ = std::move(data); }

 private:
  Answer<AttemptReply> grant(const AttemptRequest& request);
  bool may_pass(const AttemptRequest& request);
  AttemptReply wait_in_line(const AttemptRequest& request,
                            const std::shared_ptr<const Channel>& channel);
  bool is_too_long(WaitingLine& line, std::size_t most);
  AttemptReply attempt_reply(const AttemptRequest& request, AttemptReplyStatus outcome);
  RefreshReplyStatus refresh_one(const RefreshRequest& request);
  void end_own_record(const ReleaseRequest& request, Entry& record);
  void write_mark(const std::string& key, std::string value, Milliseconds ttl);
  void end_record(const std::string& key, std::size_t max_pass_count);
  bool is_left_free(const std::string& key, std::size_t max_pass_count);
  bool end_own_entry(const ReleaseRequest& request);

  std::optional<StoreFailure> advance(const std::string& key);
  std::optional<StoreFailure> advance(const std::string& key, std::optional<Fence> last);
  bool is_alive(const Waiter& waiter) const;
  void push(const Waiter& to);
  std::optional<Fence> write_record(const AttemptRequest& request, std::optional<Fence> last,
                                    Milliseconds ttl);
  std::optional<Fence> last_fence(const std::string& key);

  // Null where there is none.
  Entry* find(const std::string& key) { return data_.entries.find(key, clock_.now()); }
  WaitingLine* find_line(const std::string& key) { return data_.lines.find(key, clock_.now()); }
  std::optional<Milliseconds> remaining_ttl(const Entry& entry) const;
  std::optional<Milliseconds> ttl_in_the_way(const std::string& key);
  StoredRecord seen(const std::string& key, const Entry& entry) const;

  StoreClock clock_;
  Data data_;
  std::vector<Push> pushes_;
};

}  // namespace exclusive_lock
