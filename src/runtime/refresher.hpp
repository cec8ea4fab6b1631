#pragma once
// Refreshes of one connection, together: what is added in one round of the scheduler goes to the
// store in few requests, however many locks are due (DESIGN 3.6).

#include <functional>
#include <mutex>
#include <vector>

#include "stores/clock_source.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

class Refresher {
 public:
  using Answered = std::function<void(const Answer<RefreshVerdict>&)>;
  // Called once for each request that was answered, before its holds are told.
  using StoreTimeSeen = std::function<void(Instant requested_at, StoreTime)>;

  Refresher(Store& store, const ClockSource& clock, Milliseconds command_timeout,
            StoreTimeSeen store_time_seen);

  // Any thread. The hold counts from `requested_at`, which was read before.
  void add(RefreshRequest request, Instant requested_at, Answered answered);
  // Sends what was added. Any thread.
  void flush();

 private:
  struct Item {
    RefreshRequest request;
    Instant requested_at;
    Answered answered;
  };
  void send(std::vector<Item> batch);

  Store& store_;
  const ClockSource& clock_;
  Milliseconds command_timeout_;
  StoreTimeSeen store_time_seen_;
  std::mutex mutex_;
  std::vector<Item> added_;
};

}  // namespace exclusive_lock
