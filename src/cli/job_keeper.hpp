#pragma once
// The guardian's own side (guardian.hpp): starts the job, reports its stops and its end, passes
// signals on, and ends all descendants when it is instructed to, when the timer runs out, or when
// the command is gone.

#include <deque>
#include <optional>

#include "cli/boot_timer.hpp"
#include "cli/descendants.hpp"
#include "cli/duration.hpp"
#include "cli/file_descriptor.hpp"
#include "cli/foreground.hpp"
#include "cli/guardian_link.hpp"
#include "cli/signal_inbox.hpp"

namespace exclusive_lock::cli {

struct GuardianRules {
  bool allows_orphans;  // what runs is let alone when the command is gone
  // Between TERM and KILL when the command is gone; 0: no TERM, as the lock is free already.
  Milliseconds grace;
};

class JobKeeper {
 public:
  struct Parts {
    FileDescriptor socket;
    BootTimer& timer;
    const SignalInbox& signals;
    const Foreground& foreground;
    GuardianRules rules;
  };

  // Blocks all signals.
  explicit JobKeeper(Parts parts);
  // Ends this process. No exception may reach the code of the command, of which this process is a
  // copy.
  [[noreturn]] void run() noexcept;

 private:
  void wait();
  void look_at_time(Instant now);
  void follow_instructions(Instant now);
  void follow(const Instruction& instruction, Instant now);
  void command_is_gone(Instant now);
  void start(bool takes_terminal);
  void pass_on(int signal);
  void look_at_children();
  void look_at_ending(Instant now);
  void report_over();
  void report(const Report& message);
  void send_reports();
  [[nodiscard]] int patience() const;
  // 0: it was not started, or was reaped.
  [[nodiscard]] pid_t group() const { return job_; }

  Parts parts_;
  FileDescriptor children_;  // readable after SIGCHLD
  pid_t job_ = 0;
  bool has_children_ = false;
  bool is_command_gone_ = false;
  bool is_ending_ = false;
  Ending ending_;
  std::optional<Instant> kill_at_;
  std::deque<Report> reports_;  // that the socket has not taken: the command may be stopped
};

}  // namespace exclusive_lock::cli
