#pragma once
// A second process between this one and the job. It ends the job and all its descendants when this
// process no longer can (docs/decisions/0018-run-ends-every-descendant.md).
//
//   command (this process) -> guardian -> job -> ...
//
// A holder must stop before the next one starts, even if the process that supervises the hold was
// killed (kill -9, out of memory) or stopped (SIGSTOP, a debugger, a frozen disk). The guardian
//   - starts the job, and reports its stops and its end;
//   - ends all descendants (TERM, the grace, KILL) when this process has ended: the socket closes;
//   - sends KILL to all descendants when a timer expires that this process has to set anew.
// Both processes are subreapers: orphans of the job become children of the guardian. If the
// guardian has ended, they become children of this process, which then ends all descendants itself.
// This process continues a guardian that was stopped.
//
// The guardian is forked before any thread is started and before any store is opened, so it shares
// nothing with the library. It shares no memory with this process, because the out-of-memory killer
// ends all processes that share a memory map. It blocks all signals and has a process group of its
// own, so a signal to this process's group does not end it. Its environment holds no password
// (hide_credentials).

#include <sys/types.h>

#include <deque>
#include <optional>

#include "cli/descendants.hpp"
#include "cli/guardian_messages.hpp"
#include "cli/guardian_process.hpp"
#include "exclusive_lock/clock.hpp"
#include "os/descriptors.hpp"

namespace exclusive_lock::cli {

class Guardian {
 public:
  // Forks. Call it while this process has one thread.
  Guardian(GuardianRules rules, const SignalInbox& signals, const Foreground& foreground);
  // Ends the guardian and reaps it.
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  // A report says whether the job runs.
  void start(const ChildPlan& plan, bool takes_terminal);
  // Sends the signal to the job's process group. No effect once the job has ended.
  void pass_on(int signal);
  // Send TERM, or KILL, to all descendants. `over` is reported when none is left.
  void terminate();
  void kill();
  // At `instant` the guardian kills all descendants, unless this is called again before. None:
  // never. Any thread may call it.
  void kill_at(std::optional<Instant> instant) noexcept;

  // Call it when descriptor() is readable, and at next_step_at(). None: no more reports for now.
  std::optional<Report> next_report();
  [[nodiscard]] int descriptor() const { return is_gone_ ? -1 : socket_.get(); }
  [[nodiscard]] std::optional<Instant> next_step_at() const { return ending_.next_step_at(); }
  // Call it after each SIGCHLD. Reaps children (also orphans, if this is process 1 of a container),
  // and continues a guardian that was stopped.
  void handle_sigchld();

  // Ends the guardian after the job has ended; the job's other descendants stay alive.
  void dismiss() noexcept;

 private:
  void instruct(const Instruction& instruction);
  void take_over();
  void check_ending();

  GuardianRules rules_;
  BootTimer timer_;  // shared by both processes
  Descriptor socket_;
  pid_t pid_ = -1;
  bool is_reaped_ = false;
  // True: the guardian has ended, and this process does its work.
  bool is_gone_ = false;
  bool has_children_ = true;
  bool is_ending_ = false;
  bool is_killing_ = false;
  Ending ending_;
  std::deque<Report> reports_;
};

}  // namespace exclusive_lock::cli
