#pragma once
// The claim to write next.
//
// SQLite's write lock goes to the process that asks for it at the right moment. A process that
// writes again and again asks at once after its commit, and where more threads want to run than
// there are processors, it is also likely to lose its processor while it has the lock. A process
// that sleeps between two tries may then miss every moment at which the lock is free, for longer
// than a ttl. So a request that must not wait long claims the next turn, and requests without a
// claim stay out of the store until it had its turn, as though another process was writing.
// Requests with a claim do not wait for each other's claims.
//
// A claim is a read lock on one byte of `holders`, at an offset beyond all holder ids: base + the
// time of the claim in ms (CLOCK_BOOTTIME of the machine). A claim that is older than max_claim_age
// is ignored. So a process that is stopped while it claims delays others by that time and no more,
// and the kernel ends the claim of a process that dies. A claim is a courtesy: where locks fail, no
// guarantee is lost.

#include <chrono>
#include <cstdint>

#include "stores/local/holders_file.hpp"
#include "stores/local/machine.hpp"

namespace exclusive_lock {

// Several times as long as a loaded machine takes to run a thread that has just become runnable.
inline constexpr std::chrono::milliseconds max_claim_age{1000};

class WriteClaim {
 public:
  // Both must outlive it. Its claim ends when the file is closed.
  WriteClaim(const HoldersFile& file, const Machine& machine) noexcept
      : file_(file), machine_(machine) {}

  // Of this store. To be called at each try that fails, or the claim grows old.
  void make() noexcept;
  void end() noexcept;
  // Whether another store has a claim. One system call.
  [[nodiscard]] bool is_made_by_another() const noexcept;

 private:
  [[nodiscard]] std::int64_t now_ms() const noexcept;

  const HoldersFile& file_;
  const Machine& machine_;
  std::int64_t made_at_ms_ = 0;  // 0: there is none
};

}  // namespace exclusive_lock
