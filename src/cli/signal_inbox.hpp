#pragma once
// Signals, read from a descriptor instead of interrupting whatever runs.
//
// While an inbox lives, every signal that others can send is blocked in this process and waits to
// be read here: to be passed on to the child, or to end the wait for the lock. It must be made
// before any thread is started, so that all of them inherit the blocking. Left alone are
//   - signals that this process was told to ignore when it was started (by nohup, or by a shell's
//   `&`): they stay ignored
//     here and in the child. (A signal that is both ignored and blocked would be queued after all:
//     signal(7).)
//   - faults (SEGV, BUS, FPE, ILL, TRAP, SYS, ABRT, limits) and those that cannot be caught.
// PIPE is ignored: a broken stderr must not end a process that guards a hold. TTOU is blocked and
// never read: it would stop us for taking the terminal back.

#include <signal.h>

#include <functional>
#include <optional>

#include "cli/file_descriptor.hpp"

namespace exclusive_lock::cli {

class SignalInbox {
 public:
  SignalInbox();
  // Puts everything back as it was found.
  ~SignalInbox();
  SignalInbox(const SignalInbox&) = delete;
  SignalInbox& operator=(const SignalInbox&) = delete;

  // Readable while a signal waits.
  [[nodiscard]] int descriptor() const { return descriptor_.number(); }
  // The next one that waits; none: no more for now. Does not block. SIGCHLD is not among them: it
  // calls on_child.
  std::optional<int> next();
  std::function<void()> on_child = [] {};

  // What the destructor does, for a child between fork and exec: only async-signal-safe calls.
  void restore() const noexcept;

  // Lets `signal`, a stop signal that is the default of terminals, do to this process what it would
  // have done without us. Returns when the process was continued, or at once where it cannot be
  // stopped: nobody would be there to continue an orphaned process group (setpgid(2)). True: it was
  // stopped.
  bool stop_this_process(int signal, bool whole_group);

 private:
  sigset_t inherited_mask_{};
  struct sigaction inherited_pipe_ {};
  struct sigaction inherited_child_ {};
  FileDescriptor descriptor_;
};

// True for signals whose default is to end a process.
bool ends_by_default(int signal);

}  // namespace exclusive_lock::cli
