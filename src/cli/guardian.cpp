#include "cli/guardian.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "os/descriptors.hpp"

namespace exclusive_lock::cli {

Guardian::Guardian(GuardianRules rules, const SignalInbox& signals, const Foreground& foreground)
    : rules_(rules) {
  std::array<int, 2> ends{};
  checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  socket_ = Descriptor(ends[0]);
  Descriptor guardian_end(ends[1]);
  checked(::prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
  pid_ = checked(::fork(), "fork");
  if (pid_ == 0) {
    socket_.close();
    ::setpgid(0, 0);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    ::prctl(PR_SET_NAME, "lock-guardian");
    GuardianProcess({.socket = std::move(guardian_end),
                     .timer = timer_,
                     .signals = signals,
                     .foreground = foreground,
                     .rules = rules})
        .run();
  }
}

Guardian::~Guardian() {
  dismiss();
  if (!is_reaped_) {
    ::waitpid(pid_, nullptr, 0);
  }
}

void Guardian::start(const ChildPlan& plan, bool takes_terminal) {
  instruct({.kind = Instruction::Kind::start, .number = takes_terminal ? 1 : 0});
  send_plan(socket_.get(), plan);
}

void Guardian::pass_on(int signal) {
  // If the socket is full, hundreds of signals wait in it: dropping one more is harmless.
  send_message(socket_.get(), Instruction{.kind = Instruction::Kind::pass_on, .number = signal});
}

void Guardian::instruct(const Instruction& instruction) {
  if (!is_gone_ && !send_message(socket_.get(), instruction)) {
    dismiss();  // it does not read; next_report() finds the socket closed
  }
}

void Guardian::terminate() {
  is_ending_ = true;
  if (is_gone_) {
    Ending::terminate(0);
  } else {
    instruct({.kind = Instruction::Kind::terminate});
  }
}

void Guardian::kill() {
  is_ending_ = true;
  is_killing_ = true;
  if (is_gone_) {
    ending_.kill(BootClock::now());
  } else {
    instruct({.kind = Instruction::Kind::kill});
  }
}

void Guardian::kill_at(std::optional<Instant> instant) noexcept {
  timer_.set(rules_.allows_orphans ? std::nullopt : instant);
}

std::optional<Report> Guardian::next_report() {
  if (!is_gone_) {
    const auto report = receive_report(socket_.get(), is_gone_);
    if (is_gone_) {
      take_over();
    }
    return is_gone_ ? Report{.kind = Report::Kind::guardian_gone} : report;
  }
  check_ending();
  if (reports_.empty()) {
    return std::nullopt;
  }
  const Report report = reports_.front();
  reports_.pop_front();
  return report;
}

// Repeats the instructions that the guardian may not have carried out.
void Guardian::take_over() {
  if (is_ending_) {
    Ending::terminate(0);
  }
  if (is_killing_) {
    ending_.kill(BootClock::now());
  }
}

void Guardian::check_ending() {
  handle_sigchld();
  if (!is_ending_ || !ending_.step(BootClock::now(), has_children_, 0)) {
    return;
  }
  is_ending_ = false;
  for (const Descendant& survivor : ending_.survivors()) {
    reports_.push_back(survivor_report(survivor));
  }
  reports_.push_back({.kind = Report::Kind::over});
}

void Guardian::handle_sigchld() {
  has_children_ = reap_children([this](const siginfo_t& child) {
    if (child.si_pid != pid_) {
      return;
    }
    if (child.si_code == CLD_STOPPED) {
      ::kill(pid_, SIGCONT);
    } else {
      is_reaped_ = true;
    }
  });
}

void Guardian::dismiss() noexcept {
  if (!is_reaped_) {
    ::kill(pid_, SIGKILL);  // a stopped guardian could not read an instruction
  }
}

}  // namespace exclusive_lock::cli
