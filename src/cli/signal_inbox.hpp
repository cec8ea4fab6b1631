#pragma once
// Reads signals from a descriptor, so that they interrupt nothing.
//
// While an inbox exists, this process blocks every signal that others can send; next() reads them,
// to pass them on to the child or to end the wait for the lock. Create it before any thread, so
// that all threads inherit the signal mask. It does not block
//   - signals that were ignored when this process was started (by nohup, or by a shell's `&`): they
//     stay ignored here and in the child. (A signal that is ignored and blocked would be queued:
//     signal(7).)
//   - faults (SEGV, BUS, FPE, ILL, TRAP, SYS, ABRT, limits) and signals that cannot be caught.
// PIPE is ignored: a broken stderr must not end a process that supervises a hold. TTOU is blocked
// and never read: it would stop this process when it takes the terminal back.

#include <signal.h>

#include <functional>
#include <optional>

#include "os/descriptors.hpp"

namespace exclusive_lock::cli {

class SignalInbox {
 public:
  SignalInbox();
  // Restores the inherited signal mask and actions.
  ~SignalInbox();
  SignalInbox(const SignalInbox&) = delete;
  SignalInbox& operator=(const SignalInbox&) = delete;

  // Readable while a signal is pending.
  [[nodiscard]] int descriptor() const { return descriptor_.get(); }
  // The next pending signal; none: no more for now. Does not block. For SIGCHLD it calls on_child
  // instead.
  std::optional<int> next();
  std::function<void()> on_child = [] {};

  // Does what the destructor does; for a child between fork and exec, so with async-signal-safe
  // calls only.
  void restore() const noexcept;

  // Stops this process with `signal`, a terminal's stop signal, as if it were not blocked. Returns
  // when the process was continued, or at once if it cannot be stopped: an orphaned process group
  // has no shell that would continue it (setpgid(2)). True: it was stopped.
  bool stop_this_process(int signal, bool whole_group);

 private:
  sigset_t inherited_mask_{};
  struct sigaction inherited_pipe_ {};
  struct sigaction inherited_child_ {};
  Descriptor descriptor_;
};

// True for signals whose default is to end a process.
bool ends_by_default(int signal);

}  // namespace exclusive_lock::cli
