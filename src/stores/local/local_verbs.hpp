#pragma once
// What each verb of the embedded store means, in terms of its rows: who may do what, and when a
// record is over. Each is called within a transaction.
//
// A record is live while nobody has cleared it, its time is not over, it is of this boot, and its
// holder lives. One that is not live is as good as absent, for every verb; whoever passes by may
// clear it, and housekeeping does: each grant looks at a few rows that are due, so that rows which
// nobody asks for any more go away too (G8), at a bounded price.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/protocol.hpp"
#include "stores/local/holder.hpp"
#include "stores/local/lock_table.hpp"
#include "stores/local/machine.hpp"

namespace exclusive_lock {

// What an attempt comes to, given what is there. Pure.
enum class AttemptStep { grant, granted_before, busy, superseded };
// `live_head`: of the live record; none: there is none.
AttemptStep judge_attempt(const std::optional<std::string>& live_head, const Owner& asking);

// The next fence: above the last one, the wall clock and the floor (G2). None where there is none
// left that a double holds exactly. Pure.
std::optional<Fence> next_fence(Fence last, std::int64_t wall_us, Fence floor);

// The verbs at one instant: that of its construction, which is after any wait for other processes.
class LocalVerbs {
 public:
  LocalVerbs(LockTable& table, const Holder& holder, const Machine& machine)
      : table_(table), holder_(holder), machine_(machine), now_ns_(machine.now_ns()) {}

  AttemptReply attempt(const AttemptRequest& request);
  RefreshVerdict refresh(const RefreshRequest& request);
  ReleaseVerdict release(const ReleaseRequest& request);
  InspectReply inspect(std::string_view key);
  ListReply list(std::string_view key_prefix, std::size_t most);
  RemoveReply remove(std::string_view key, std::string_view expected);

 private:
  [[nodiscard]] bool is_live(const LockRow& row) const;
  [[nodiscard]] std::optional<Milliseconds> remaining_ttl(const LockRow& row) const;
  [[nodiscard]] std::int64_t expiry_after(Milliseconds ttl) const;
  [[nodiscard]] std::optional<StoredRecord> seen(WholeRow whole) const;
  AttemptReply grant(const AttemptRequest& request, const std::optional<LockRow>& there,
                     Fence last);
  void keep_house();

  LockTable& table_;
  const Holder& holder_;
  const Machine& machine_;
  std::int64_t now_ns_;
};

}  // namespace exclusive_lock
