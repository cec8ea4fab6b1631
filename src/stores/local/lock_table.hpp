#pragma once
// The rows of the embedded store and what is done to them, each within a transaction of the caller.
// Knows the SQL, and nothing of who may do what: that is in local_verbs.hpp.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/fence.hpp"
#include "stores/local/holder.hpp"
#include "stores/local/machine.hpp"
#include "stores/local/sqlite.hpp"

namespace exclusive_lock {

struct LockRow {
  std::int64_t id = 0;
  Fence fence;  // the highest that was handed out for its key; 0: none
  std::int64_t granted_at_us = 0;
  // The beginning of the record, enough to know whose it is. None: no holder.
  std::optional<std::string> head;
  std::int64_t rest_size = 0;
  std::optional<std::int64_t> expires_at_ns;  // none: never
  std::optional<BootId> boot;                 // none: whatever is there is no boot id
  std::optional<HolderId> holder;
  std::int64_t waiting = 0;  // entries in its queue (waiter_table.hpp)
  std::int64_t pass_count =
      0;  // of grants that have gone past those (docs/decisions/0011-barging.md)
};

struct WholeRow {
  LockRow row;
  std::string key;
  std::string value;  // empty where the row is free
};

struct GrantedRow {
  Fence fence;
  std::int64_t granted_at_us;
  std::string_view value;
  std::int64_t expires_at_ns;
  const BootId& boot;
  std::optional<HolderId> holder;
};

class LockTable {
 public:
  explicit LockTable(Database& database);

  std::optional<LockRow> find(std::string_view key);
  std::optional<WholeRow> find_whole(std::string_view key);
  // Rows with a value whose keys begin so, in their order, until `each` returns false.
  void list(std::string_view key_prefix, const std::function<bool(WholeRow)>& each);

  LockRow insert(std::string_view key, std::int64_t look_at_s);
  // Gives the row as it is then.
  LockRow grant(const LockRow& row, const GrantedRow& grant);
  // `detached`: it outlives its holder from now on.
  void refresh(std::int64_t id, std::int64_t expires_at_ns, bool detached = false);
  // `value` is closed_record() of the whole one, which has the same length.
  void close(std::int64_t id, std::string_view value, std::int64_t expires_at_ns);
  void clear(const LockRow& row);
  // How many wait, and the pass count.
  void set_waiting(const LockRow& row);

  // For housekeeping.
  std::vector<LockRow> due(std::int64_t now_s, std::int64_t latest_s, int most);
  void postpone(const LockRow& row, std::int64_t look_at_s);
  void forget(const LockRow& row);

 private:
  Statement find_;
  Statement find_whole_;
  Statement list_;
  Statement insert_;
  Statement grant_;
  Statement write_rest_;
  Statement drop_rest_;
  Statement refresh_;
  Statement close_;
  Statement clear_;
  Statement set_waiting_;
  Statement due_;
  Statement postpone_;
  Statement forget_;
};

}  // namespace exclusive_lock
