#pragma once
// Fencing tokens, and the checks at the resource that compare them.
//
// A process can be paused after it has checked that it is the holder and before it writes. It then
// writes after its hold has ended, and no lock service can prevent that. The resource can: it
// remembers the highest fence that it has seen and refuses every lower one. Each hold has a fence,
// and the fences of one name only grow (G2). Sources: Burrows, "The Chubby lock service", OSDI 2006
// ("sequencers"); Kleppmann, "How to do distributed locking", 2016.

#include <atomic>
#include <compare>
#include <cstdint>
#include <string_view>

#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

// A positive number; 0 means "none". Below 2^53 until the year 2255, so a double holds it exactly.
struct Fence {
  std::uint64_t value = 0;
  friend auto operator<=>(const Fence&, const Fence&) = default;
};

// The check for a resource within this process. Thread-safe, lock-free. If several threads write,
// hold a mutex during admit() and the write after it: else a writer may be paused between the two
// and write late. Example: examples/fence_gate.cpp
class EXCLUSIVE_LOCK_API FenceGate {
 public:
  explicit FenceGate(Fence highest_seen = {}) : highest_(highest_seen.value) {}

  // True, and `fence` is remembered, unless a higher fence was admitted before. The same fence is
  // admitted again; fence 0 never is.
  [[nodiscard]] bool admit(Fence fence) noexcept;
  [[nodiscard]] Fence highest() const noexcept { return Fence{highest_.load()}; }

 private:
  std::atomic<std::uint64_t> highest_;
};

// The check for a value in Redis, KeyDB or Valkey: a Lua script for EVAL.
//   KEYS[1] the guarded key, KEYS[2] the key of its highest fence (same hash slot)
//   ARGV[1] the fence, ARGV[2] the new value
//   replies 1: written; 0: refused, a higher fence has written before; an error if ARGV[1] is no
//   fence
EXCLUSIVE_LOCK_API std::string_view fence_guard_lua() noexcept;

// The check for a row of an SQL table that has a column `fence BIGINT NOT NULL DEFAULT 0`: an
// UPDATE statement with the positional parameters value, fence, id, fence. If it changes no row,
// the write was refused. Replace the table name `guarded` and the column names `value`, `fence` and
// `id` by your own. Parameters are written `?`, as in SQLite, MySQL, ODBC and JDBC; for PostgreSQL
// write $1 to $4.
EXCLUSIVE_LOCK_API std::string_view fence_guard_sql() noexcept;

}  // namespace exclusive_lock
