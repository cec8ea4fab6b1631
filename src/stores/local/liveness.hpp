#pragma once
// What is over and what is not, at one instant: that of its construction, which is after any wait
// for other processes.

#include <cstdint>
#include <optional>

#include "core/protocol.hpp"
#include "stores/local/holder.hpp"
#include "stores/local/lock_table.hpp"
#include "stores/local/machine.hpp"
#include "stores/local/waiter_table.hpp"

namespace exclusive_lock {

class Liveness {
 public:
  Liveness(const Holder& holder, const Machine& machine)
      : holder_(holder), machine_(machine), now_ns_(machine.now_ns()) {}

  // A record is live while it has not been cleared, its time is not over, it is of this boot, and
  // its holder lives.
  [[nodiscard]] bool is_live(const LockRow& row) const;
  // A waiter is alive while its time is not over, it is of this boot, and its store is open. One
  // whose row was damaged is not.
  [[nodiscard]] bool is_alive(const WaiterRow& waiter) const;
  [[nodiscard]] bool is_of_this_boot(const WaiterRow& waiter) const;

  // Of a live record; none: it never expires. Rounded up: an attempt after it finds the
  // record gone.
  [[nodiscard]] std::optional<Milliseconds> remaining_ttl(const LockRow& row) const;
  // At least 1 ms from now.
  [[nodiscard]] std::int64_t expiry_after(Milliseconds ttl) const;

 private:
  const Holder& holder_;
  const Machine& machine_;
  std::int64_t now_ns_;
};

}  // namespace exclusive_lock
