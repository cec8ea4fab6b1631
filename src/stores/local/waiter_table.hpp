#pragma once
// The rows of those that wait, and what is done to them, each within a transaction of the caller.
// Knows the SQL, and nothing of who may do what: that is in wait_queue.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/protocol.hpp"
#include "stores/local/holder.hpp"
#include "stores/local/machine.hpp"
#include "stores/local/sqlite.hpp"

namespace exclusive_lock {

struct WaiterRow {
  std::int64_t id = 0;
  Owner owner;
  std::int64_t arrived_us = 0;
  Milliseconds confirm_ttl{0};
  Fence floor;
  std::int64_t alive_until_ns = 0;
  std::optional<BootId> boot;  // none: whatever is there is no boot id
  HolderId holder = 0;
  bool is_detached = false;
  // False: it has numbers that this program never writes. Such an entry counts as dead.
  bool is_sound = true;
};

// `lock` is the id of a row in LockTable. That row counts the entries: the caller that makes one or
// takes one away says so there.
class WaiterTable {
 public:
  explicit WaiterTable(Database& database);

  std::optional<WaiterRow> first(std::int64_t lock);
  // Behind the first `from` of them, in line.
  std::vector<WaiterRow> some(std::int64_t lock, std::int64_t from, int most);
  std::optional<WaiterRow> find(std::int64_t lock, const Owner& owner);  // whatever its ticket
  // None: no waiter with an arrival.
  std::optional<std::int64_t> last_arrival_us(std::int64_t lock);
  std::size_t ahead_of(std::int64_t lock, const WaiterRow& waiter);
  // The sound ones among the first.
  std::vector<StoredWaiter> list(std::int64_t lock, std::size_t most);

  // `waiter` with everything but its id, which it gets.
  void enter(std::int64_t lock, WaiterRow& waiter, std::string_view tail);
  // Writes all but its arrival.
  void renew(const WaiterRow& waiter, std::string_view tail);
  void heartbeat(std::int64_t id, std::int64_t alive_until_ns);
  // Takes the entry away and gives its tail; none: it was deleted.
  std::optional<std::string> take(std::int64_t id);

 private:
  Statement first_;
  Statement some_;
  Statement find_;
  Statement last_;
  Statement ahead_;
  Statement list_;
  Statement enter_;
  Statement renew_;
  Statement heartbeat_;
  Statement leave_;
  Statement write_tail_;
  Statement take_tail_;
};

}  // namespace exclusive_lock
