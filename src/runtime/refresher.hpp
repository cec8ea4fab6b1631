#pragma once
// Sends the refreshes of one connection together: the refreshes that are added in one round of the
// scheduler go to the store in few requests. Rounds are planned so that each fills about one
// request (docs/decisions/0010-refresh-at-scale.md; core/refresh_planner.hpp,
// core/request_size.hpp).

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "core/refresh_planner.hpp"
#include "os/clock.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

class Refresher {
 public:
  // The holder.
  class Requester {
   public:
    virtual ~Requester() = default;
    // Once for each request; on any thread.
    virtual void refresh_answered(Ticket ticket, Instant requested_at,
                                  const Answer<RefreshReplyStatus>& answer) = 0;
  };
  // Called once for each request that was answered, before its requesters are notified.
  using StoreTimeSeen = std::function<void(Instant requested_at, StoreTime)>;

  Refresher(Store& store, const ClockSource& clock, Milliseconds command_timeout,
            StoreTimeSeen store_time_seen);

  // Any thread. When to send a refresh that is due at `due`, together with others.
  [[nodiscard]] Instant plan(Instant due, Instant::duration interval);
  // Any thread. The hold counts from `requested_at`, which was read before.
  void add(RefreshRequest request, Instant requested_at, std::shared_ptr<Requester> requester);
  // Sends what was added. Any thread.
  void flush();

 private:
  struct Asked {
    std::shared_ptr<Requester> requester;
    Ticket ticket;
    Instant requested_at;
  };
  struct Batch {
    std::vector<RefreshRequest> requests;
    std::vector<Asked> asked;  // one for each request
  };
  void send(Batch batch);
  void answered(const std::vector<Asked>& asked, Instant earliest,
                const Answer<RefreshReply>& answer);
  [[nodiscard]] std::size_t request_size();

  Store& store_;
  const ClockSource& clock_;
  Milliseconds command_timeout_;
  StoreTimeSeen store_time_seen_;

  std::mutex mutex_;
  Batch added_;
  std::mutex plan_mutex_;
  RefreshPlanner planner_;
  RequestSize request_size_;
};

}  // namespace exclusive_lock
