#pragma once
// The guardian's side (guardian.hpp). Starts the job, reports its stops and its end, and passes
// signals on. Ends all descendants when it is instructed to, when the timer expires, or when the
// command has ended.

#include <deque>
#include <optional>

#include "cli/descendants.hpp"
#include "cli/duration.hpp"
#include "cli/foreground.hpp"
#include "cli/guardian_messages.hpp"
#include "cli/signal_inbox.hpp"
#include "os/descriptors.hpp"

namespace exclusive_lock::cli {

struct GuardianRules {
  bool allows_orphans;  // the job continues when the command has ended
  // Time between TERM and KILL when the command has ended; 0: no TERM, because the lock is free
  // already.
  Milliseconds grace;
};

class GuardianProcess {
 public:
  struct Parts {
    Descriptor socket;
    BootTimer& timer;
    const SignalInbox& signals;
    const Foreground& foreground;
    GuardianRules rules;
  };

  // Blocks all signals.
  explicit GuardianProcess(Parts parts);
  // Ends this process. No exception may reach the command's code, of which this process is a copy.
  [[noreturn]] void run() noexcept;

 private:
  void wait();
  void check_timer(Instant now);
  void read_instructions(Instant now);
  void carry_out(const Instruction& instruction, Instant now);
  void command_is_gone(Instant now);
  void start(bool takes_terminal);
  void pass_on(int signal);
  void check_children();
  void check_ending(Instant now);
  void report_over();
  void report(const Report& message);
  void send_reports();
  [[nodiscard]] int poll_timeout() const;
  // 0: the job was not started, or was reaped.
  [[nodiscard]] pid_t group() const { return job_; }

  Parts parts_;
  Descriptor children_;  // readable after SIGCHLD
  pid_t job_ = 0;
  bool has_children_ = false;
  bool is_command_gone_ = false;
  bool is_ending_ = false;
  Ending ending_;
  std::optional<Instant> kill_at_;
  std::deque<Report> reports_;  // not sent yet: the socket is full while the command is stopped
};

}  // namespace exclusive_lock::cli
