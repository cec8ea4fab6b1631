#pragma once
// The queues (docs/decisions/0008-fair-hand-over.md), in terms of rows: who enters, who is next,
// and how the lock is handed over. Each call is made within a transaction.
//
// The lock's row says how many wait; where there is none, no call here asks the database anything.
// Dead entries are taken away where they are met: at the front, and anywhere in a queue that is
// full, at most 16 a call.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/protocol.hpp"
#include "stores/local/liveness.hpp"
#include "stores/local/lock_table.hpp"
#include "stores/local/machine.hpp"
#include "stores/local/waiter_table.hpp"

namespace exclusive_lock {

// How soon housekeeping looks at a row that has waiters: they may die silently.
inline constexpr std::chrono::seconds waiting_look_interval{5};

// Which others are woken, and what is cleaned up, once a transaction is committed.
struct AfterCommit {
  struct Push {
    HolderId to;
    WakeUp wake_up;
  };
  std::vector<Push> pushes;
  // Stores that may be dead, and have left a socket.
  std::vector<HolderId> suspects;
};

class WaitQueue {
 public:
  WaitQueue(LockTable& locks, WaiterTable& waiters, const Liveness& liveness,
            const Machine& machine, AfterCommit& after)
      : locks_(locks), waiters_(waiters), liveness_(liveness), machine_(machine), after_(after) {}

  // Every call that takes a row without const brings it in line with what was written.

  // Hands over a lock without a holder to the first live waiter.
  void advance(LockRow& row);
  // Ends the record that is there: hands the lock over, or frees it. It stays free, and the first
  // live one gets a wake-up, where fewer grants in a row than `max_pass_count` have gone past those
  // who wait.
  void end_record(LockRow& row, std::size_t max_pass_count);
  // Whether this attempt may take the lock, which has no holder, although others wait.
  bool may_pass(LockRow& row, const AttemptRequest& request);
  void count_pass(LockRow& row);
  // Takes away what is dead at the front. Whether there may be more of that.
  bool drop_dead(LockRow& row);

  // The entry of that lock object, whatever its ticket.
  std::optional<WaiterRow> find(LockRow& row, const Owner& owner);
  // Behind all others, or where the arrival says that its wait options names. None: the queue is
  // full.
  std::optional<WaiterRow> enter(LockRow& row, const AttemptRequest& request, HolderId store);
  // The entry is of this ticket from now on, and keeps its place.
  void renew(WaiterRow& waiter, const AttemptRequest& request, HolderId store);
  void heartbeat(const WaiterRow& waiter, Milliseconds alive_for);
  void leave(LockRow& row, const WaiterRow& waiter);

  // From 1.
  std::size_t position(const LockRow& row, const WaiterRow& waiter);
  // The first in line.
  std::vector<StoredWaiter> shown(const LockRow& row);

 private:
  // The first in line, dead or alive; none: no waiter.
  std::optional<WaiterRow> first(LockRow& row);
  bool hand_over_to_next(LockRow& row);
  bool hand_over(LockRow& row, const WaiterRow& next);
  void wake_first(LockRow& row);
  void drop_dead_anywhere(LockRow& row, std::int64_t wall_us);
  std::optional<std::string> take(LockRow& row, const WaiterRow& waiter);
  void set(WaiterRow& waiter, const AttemptRequest& request, HolderId store) const;

  LockTable& locks_;
  WaiterTable& waiters_;
  const Liveness& liveness_;
  const Machine& machine_;
  AfterCommit& after_;
};

}  // namespace exclusive_lock
