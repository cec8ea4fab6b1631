#pragma once
// Fencing tokens, and the check at the resource that makes them worth having.
//
// A hold ends by itself, but a process that was paused between "am I still the holder?" and
// "write!" writes late, and no lock service can stop it. The resource can: it remembers the highest
// fence it has seen and refuses anything lower. Every acquire gets a fence, and per name they only
// grow (G2). (The idea: Burrows, "The Chubby lock service", OSDI 2006, "sequencers"; Kleppmann,
// "How to do distributed locking", 2016.)

#include <atomic>
#include <compare>
#include <cstdint>
#include <string_view>

#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

// Positive; below 2^53 until the year 2255, so a double holds it exactly. 0 means "none".
struct Fence {
  std::uint64_t value = 0;
  friend auto operator<=>(const Fence&, const Fence&) = default;
};

// The check for a resource that lives in this process. Thread-safe, lock-free. Where threads write,
// hold a mutex over admit() and the write behind it: a writer that was admitted, and then paused,
// is late as well. Example: examples/fence_gate.cpp
class EXCLUSIVE_LOCK_API FenceGate {
 public:
  explicit FenceGate(Fence highest_seen = {}) : highest_(highest_seen.value) {}

  // True, and remembered, unless a higher fence was admitted before. The same fence passes again.
  // Fence 0, that of somebody who holds nothing, never does.
  [[nodiscard]] bool admit(Fence fence) noexcept;
  [[nodiscard]] Fence highest() const noexcept { return Fence{highest_.load()}; }

 private:
  std::atomic<std::uint64_t> highest_;
};

// The check for a value in Redis, KeyDB or Valkey: a Lua script for EVAL.
//   KEYS[1] the guarded key, KEYS[2] where its highest fence is kept (same hash slot)
//   ARGV[1] fence, ARGV[2] new value
//   replies 1: written, 0: refused because a higher fence was here already; an error where ARGV[1]
//   is no fence
EXCLUSIVE_LOCK_API std::string_view fence_guard_lua() noexcept;

// The check for a row in an SQL table that has a column `fence BIGINT NOT NULL DEFAULT 0`: an
// UPDATE statement with the positional parameters value, fence, id, fence. No row changed means:
// refused. The statement names the table `guarded` and its columns `value`, `fence` and `id`; put
// your own names in. Parameters are written `?`, as SQLite, MySQL, ODBC and JDBC have them;
// PostgreSQL's own are $1 to $4.
EXCLUSIVE_LOCK_API std::string_view fence_guard_sql() noexcept;

}  // namespace exclusive_lock
