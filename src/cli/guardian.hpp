#pragma once
// A second process that ends the command when this one no longer can.
//
// Whoever holds a lock must stop before somebody else starts, also when the process that watches
// over the hold was killed (kill -9, out of memory) or stopped (SIGSTOP, a debugger, a frozen I/O).
// The parent-death signal covers the first case and only for the direct child, not for what that
// has started; nothing in the kernel covers the second. So a guardian waits for two things:
//   - the end of a pipe whose other end this process holds: it is gone -> KILL to the command's
//   process group;
//   - a timer that this process keeps pushing ahead of safe_until: it has run out -> the same.
// It is forked before any thread is started and before any store is opened, so that it shares
// nothing with the library; it holds no file but those two, sits in a session of its own, where no
// terminal and no group signal reaches it, and costs one mostly empty page table.

#include <sys/types.h>

#include <atomic>
#include <optional>

#include "cli/boot_timer.hpp"
#include "cli/file_descriptor.hpp"
#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::cli {

class Guardian {
 public:
  // Forks. To be called while this process has one thread, with all signals blocked that may be
  // sent to it.
  Guardian();
  // Ends it and reaps it.
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  // From here on, the process group is killed when this process ends. Async-signal-safe: the child
  // says it before its exec, so that there is no gap.
  void guard(pid_t group) noexcept;
  // There is nothing to guard any more. To be called before the group's leader is reaped:
  // afterwards its number may be somebody else's. The guardian ends while this process goes on.
  void dismiss() noexcept;

  // When the group is killed unless this is called again before. None: never. Any thread.
  void kill_at(std::optional<Instant> instant) noexcept { timer_.set(instant); }
  // True where the timer ran out and the group was killed.
  [[nodiscard]] bool has_killed() const noexcept;
  // False where somebody killed it: the parent-death signal is then all that is left.
  [[nodiscard]] bool is_alive() const noexcept;

 private:
  struct Shared {
    std::atomic<pid_t> group{0};
    std::atomic<bool> has_killed{false};
  };
  static_assert(std::atomic<pid_t>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
                "shared between processes");

  [[noreturn]] void keep_watch(int parent_end) noexcept;
  void kill_group() noexcept;

  Shared* shared_ = nullptr;  // in memory that both processes see
  BootTimer timer_;           // the same one in both processes
  FileDescriptor lifeline_;
  pid_t pid_ = -1;
};

}  // namespace exclusive_lock::cli
