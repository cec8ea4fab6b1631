#pragma once
// The marks beside the locks (docs/decisions/0020-once-per-period.md), within a transaction of the
// caller. `wall_us` is the wall clock, by which they expire.

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "core/protocol.hpp"
#include "stores/local/sqlite.hpp"

namespace exclusive_lock {

class MarkTable {
 public:
  explicit MarkTable(Database& database);

  std::optional<StoredMark> find(std::string_view key, std::int64_t wall_us);
  // Those whose keys begin so, in their order, until `each` returns false.
  void list(std::string_view key_prefix, std::int64_t wall_us,
            const std::function<bool(StoredMark)>& each);
  void put(std::string_view key, std::string_view value, Milliseconds ttl, std::int64_t wall_us);
  void drop(std::string_view key);

 private:
  Statement find_;
  Statement list_;
  Statement put_;
  Statement drop_;
  Statement drop_expired_;
};

}  // namespace exclusive_lock
