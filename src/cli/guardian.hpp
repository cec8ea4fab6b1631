#pragma once
// A second process between this one and the job, which ends the job and all that it has started
// when this process no longer can (docs/decisions/0018-run-ends-every-descendant.md).
//
//   command (this process) -> guardian -> job -> ...
//
// A holder must stop before the next one starts, also when the process that watches over the hold
// was killed (kill -9, out of memory) or stopped (SIGSTOP, a debugger, a frozen disk). The guardian
//   - starts the job, and reports its stops and its end;
//   - ends all descendants (TERM, the grace, KILL) when this process is gone: the socket closes;
//   - sends KILL to all descendants when this process stopped pushing a timer ahead of safe_until.
// Both are subreapers: what the job leaves behind becomes the guardian's child, and, where the
// guardian is gone, this process's, which then ends all descendants itself. A guardian that is
// stopped is continued.
//
// It is forked before any thread is started and before any store is opened, so that it shares
// nothing with the library. It has no memory in common with this process (the out-of-memory killer
// ends all that share a memory map), blocks all signals, has a process group of its own, so that a
// signal to our group does not end it. The environment that it shows has no password
// (hide_credentials).

#include <sys/types.h>

#include <deque>
#include <optional>

#include "cli/boot_timer.hpp"
#include "cli/descendants.hpp"
#include "cli/file_descriptor.hpp"
#include "cli/guardian_link.hpp"
#include "cli/job_keeper.hpp"
#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::cli {

class Guardian {
 public:
  // Forks. To be called while this process has one thread.
  Guardian(GuardianRules rules, const SignalInbox& signals, const Foreground& foreground);
  // Ends it and reaps it.
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

  // Whether the job runs comes as a report.
  void start(const ChildPlan& plan, bool takes_terminal);
  // To the job's process group. Without effect once the job has ended.
  void pass_on(int signal);
  // TERM to all descendants; KILL to all. `over` is reported when none is left.
  void terminate();
  void kill();
  // When all are killed unless this is called again before. None: never. Any thread.
  void kill_at(std::optional<Instant> instant) noexcept;

  // To be asked when descriptor() is readable and at look_again_at(). None: no more for now.
  std::optional<Report> next_report();
  [[nodiscard]] int descriptor() const { return is_gone_ ? -1 : socket_.number(); }
  [[nodiscard]] std::optional<Instant> look_again_at() const { return ending_.look_again_at(); }
  // To be called after each SIGCHLD: reaps, also orphans where this is process 1 of a container,
  // and continues a guardian that was stopped.
  void attend_children();

  // The job has ended, and what is left of it is let alone.
  void dismiss() noexcept;

 private:
  void instruct(const Instruction& instruction);
  void take_over();
  void look_at_ending();

  GuardianRules rules_;
  BootTimer timer_;  // the same one in both processes
  FileDescriptor socket_;
  pid_t pid_ = -1;
  bool is_reaped_ = false;
  // Once it is gone, this process does its work.
  bool is_gone_ = false;
  bool has_children_ = true;
  bool is_ending_ = false;
  bool is_killing_ = false;
  Ending ending_;
  std::deque<Report> reports_;
};

}  // namespace exclusive_lock::cli
