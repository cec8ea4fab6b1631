#pragma once
// The queue of one name: who waits, in the order of arrival (docs/decisions/0008). At most one
// entry for each lock object, known by its owner id. Values only; who is alive, and when the lock
// is free, is the table's business.

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "core/protocol.hpp"

namespace exclusive_lock {

struct Channel;  // who hears of the grant: memory_table.hpp

struct Waiter {
  AttemptRequest request;  // with wait options; its owner is the waiter's
  StoreTime arrived_at;
  Instant alive_until;                     // by the store's clock
  std::shared_ptr<const Channel> channel;  // none: it looks for itself
};

// What is left of a queue whose waiters all died goes away after it (G8). Far above the time
// between two heartbeats.
inline constexpr Milliseconds line_ttl{60'000};

class WaitingLine {
 public:
  using OwnerId = std::array<std::uint8_t, 16>;

  explicit WaitingLine(Instant expires_at) : expires_at_(expires_at) {}

  // Where an entry is made: the arrival that its wait options names; without one, behind all
  // others, also where the wall clock was set back or has not moved since.
  [[nodiscard]] StoreTime arrival(const WaitOptions& wait_options, StoreTime now) const;
  // Behind all that arrived no later. The owner id must not be in the line.
  void enter(Waiter waiter);
  bool leave(const OwnerId& id);  // whether it was there
  Waiter take_first();            // of a line that is not empty

  [[nodiscard]] Waiter* find(const OwnerId& id);  // null where it is not in the line
  // 1 for the first; one behind the last where it is not in the line.
  [[nodiscard]] std::size_t position(const OwnerId& id) const;
  [[nodiscard]] const std::deque<Waiter>& waiters() const { return waiters_; }

  // How many grants in a row have gone past those who wait (docs/decisions/0011-barging.md).
  [[nodiscard]] std::size_t pass_count() const { return pass_count_; }
  void count_pass() { ++pass_count_; }
  void end_pass_count() { pass_count_ = 0; }

  // All of it at once, as a server's keys.
  [[nodiscard]] Instant expires_at() const { return expires_at_; }
  void expire_at(Instant instant) { expires_at_ = instant; }
  [[nodiscard]] bool has_expired(Instant now) const {
    return waiters_.empty() || expires_at_ <= now;
  }

 private:
  Instant expires_at_;
  std::deque<Waiter> waiters_;
  std::size_t pass_count_ = 0;
};

}  // namespace exclusive_lock
