#pragma once
// A lock that somebody holds, and others that come to wait for it: how most checks of the queue
// begin and end.

#include <optional>
#include <string>
#include <vector>

#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {

// What the store keeps of queues.
std::vector<StoredRecord> queue_keys(StoreUnderTest& store);

// Whether grants are pushed to it soon; a store may need a first waiter to begin with that.
bool is_pushed_to(StoreUnderTest& store, Requester& requester);

class Contended {
 public:
  // Held by `first`.
  explicit Contended(StoreUnderTest& store);

  // Somebody new comes, behind all others.
  Owner joins() { return joins(requester); }
  Owner joins(Requester& through, const WaitOptions& wait_options = long_wait);
  [[nodiscard]] Wish wish(const Owner& owner, const WaitOptions& wait_options = long_wait) const;
  // The record's time is over, and nobody has advanced the queue yet.
  void expire();

  [[nodiscard]] std::optional<Owner> holder();
  HeartbeatReplyStatus heartbeat(const Owner& owner) {
    return requester.heartbeat(key, owner).outcome;
  }
  // The holder releases, then each of those that must follow it; after the last the lock is free,
  // and nothing is left of the queue.
  void expect_served(const std::vector<Owner>& in_order);

  StoreUnderTest& store;
  Requester requester;
  std::string key;
  Owner first;
};

}  // namespace exclusive_lock::conformance
