#pragma once
// What each verb of the embedded store means, in terms of its rows: who may do what, and when a
// record is over. Each is called within a transaction.
//
// A record that is not live (liveness.hpp) is as good as absent, for every verb; a verb that meets
// one may clear it, and housekeeping does: a grant looks at a few rows that are due, so that rows
// which that are no longer asked for go away too (G8), at a bounded price. Those that wait for a
// key are looked at with its row, within seconds.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/protocol.hpp"
#include "stores/local/holder.hpp"
#include "stores/local/liveness.hpp"
#include "stores/local/lock_table.hpp"
#include "stores/local/machine.hpp"
#include "stores/local/mark_table.hpp"
#include "stores/local/wait_queue.hpp"
#include "stores/local/waiter_table.hpp"

namespace exclusive_lock {

struct LocalTables {
  LockTable& locks;
  WaiterTable& waiters;
  MarkTable& marks;
};

// The verbs at one instant: that of its construction, which is after any wait for other processes.
class LocalVerbs {
 public:
  // `after` gets what is to be done once they are committed.
  LocalVerbs(LocalTables tables, const Holder& holder, const Machine& machine, AfterCommit& after)
      : locks_(tables.locks),
        marks_(tables.marks),
        holder_(holder),
        machine_(machine),
        liveness_(holder, machine),
        queue_(tables.locks, tables.waiters, liveness_, machine, after),
        after_(after) {}
  LocalVerbs(const LocalVerbs&) = delete;
  LocalVerbs& operator=(const LocalVerbs&) = delete;

  AttemptReply attempt(const AttemptRequest& request);
  HeartbeatReply heartbeat(const HeartbeatRequest& request);
  RefreshReplyStatus refresh(const RefreshRequest& request);
  ReleaseReplyStatus release(const ReleaseRequest& request);
  InspectReply inspect(std::string_view key);
  ListReply list(std::string_view key_prefix, std::size_t most);
  RemoveReply remove(std::string_view key, std::string_view expected);
  ListMarksReply list_marks(std::string_view key_prefix, std::size_t most);
  ForgetReply forget(std::string_view key);

 private:
  [[nodiscard]] std::optional<StoredRecord> seen(WholeRow whole) const;
  AttemptReply grant(const AttemptRequest& request, const std::optional<LockRow>& there,
                     Fence last);
  AttemptReply wait_in_line(const AttemptRequest& request, LockRow& row,
                            std::optional<WaiterRow> entry, AttemptReply reply);
  bool end_own_record(LockRow& row, const ReleaseRequest& request);
  bool end_own_entry(LockRow& row, const Owner& owner);
  void sweep_due_rows();
  void look_after(LockRow& row, std::int64_t wall_us);

  LockTable& locks_;
  MarkTable& marks_;
  const Holder& holder_;
  const Machine& machine_;
  const Liveness liveness_;
  WaitQueue queue_;
  AfterCommit& after_;
};

}  // namespace exclusive_lock
