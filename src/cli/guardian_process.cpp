#include "cli/guardian_process.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "cli/output/write.hpp"
#include "os/descriptors.hpp"

namespace exclusive_lock::cli {
GuardianProcess::GuardianProcess(Parts parts) : parts_(std::move(parts)) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  children_ = Descriptor(checked(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd"));
}

void GuardianProcess::run() noexcept {
  for (;;) {
    wait();
    const Instant now = BootClock::now();
    check_timer(now);
    read_instructions(now);
    check_children();
    check_ending(now);
    send_reports();
  }
}

// In milliseconds, for poll; -1: no limit.
int GuardianProcess::poll_timeout() const {
  std::optional<Instant> next = ending_.next_step_at();
  if (kill_at_) {
    next = std::min(*kill_at_, next.value_or(*kill_at_));
  }
  if (!next) {
    return -1;
  }
  const auto rest = std::chrono::ceil<Milliseconds>(*next - BootClock::now());
  return static_cast<int>(std::max(rest, Milliseconds(0)).count());
}

void GuardianProcess::wait() {
  const auto wanted = static_cast<short>(reports_.empty() ? POLLIN : POLLIN | POLLOUT);
  std::array<pollfd, 3> events{
      pollfd{.fd = is_command_gone_ ? -1 : parts_.socket.get(), .events = wanted, .revents = 0},
      pollfd{.fd = parts_.timer.descriptor(), .events = POLLIN, .revents = 0},
      pollfd{.fd = children_.get(), .events = POLLIN, .revents = 0}};
  ::poll(events.data(), events.size(), poll_timeout());
}

void GuardianProcess::check_timer(Instant now) {
  // If the command set the timer anew in the last moment, it has not expired.
  if (parts_.timer.has_expired()) {
    report({.kind = Report::Kind::timer_expired});
    is_ending_ = true;
    ending_.kill(now);
  }
  if (kill_at_ && now >= *kill_at_) {
    kill_at_.reset();
    ending_.kill(now);
  }
}

void GuardianProcess::read_instructions(Instant now) {
  bool is_closed = is_command_gone_;
  while (!is_closed) {
    const auto instruction = receive_instruction(parts_.socket.get(), is_closed);
    if (instruction) {
      carry_out(*instruction, now);
    } else if (!is_closed) {
      return;
    }
  }
  if (!is_command_gone_) {
    is_command_gone_ = true;
    command_is_gone(now);
  }
}

void GuardianProcess::carry_out(const Instruction& instruction, Instant now) {
  switch (instruction.kind) {
    case Instruction::Kind::start:
      start(instruction.number != 0);
      break;
    case Instruction::Kind::pass_on:
      pass_on(instruction.number);
      break;
    case Instruction::Kind::terminate:
      is_ending_ = true;
      if (const int error = Ending::terminate(group()); error != 0) {
        report({.kind = Report::Kind::not_passed_on, .number = SIGTERM, .error = error});
      }
      break;
    case Instruction::Kind::kill:
      is_ending_ = true;
      ending_.kill(now);
      break;
  }
}

void GuardianProcess::command_is_gone(Instant now) {
  if (parts_.rules.allows_orphans) {
    ::_exit(0);
  }
  is_ending_ = true;
  if (parts_.rules.grace == Milliseconds(0)) {
    ending_.kill(now);
  } else {
    kill_at_ = now + parts_.rules.grace;
    Ending::terminate(group());
  }
}

void GuardianProcess::start(bool takes_terminal) {
  const auto plan = receive_plan(parts_.socket.get());
  if (!plan) {
    return;  // the command has ended; the next read of the socket finds that
  }
  const Started started = start_program(*plan, {.signals = parts_.signals,
                                                .foreground = parts_.foreground,
                                                .takes_terminal = takes_terminal,
                                                .dies_with_parent = !parts_.rules.allows_orphans});
  has_children_ = true;
  if (started.error != 0) {
    report({.kind = Report::Kind::not_started, .number = started.error, .pid = started.pid});
    return;
  }
  job_ = started.pid;
  report({.kind = Report::Kind::started, .pid = started.pid});
}

void GuardianProcess::pass_on(int signal) {
  if (group() != 0 && ::kill(-group(), signal) != 0 && errno != ESRCH) {
    report({.kind = Report::Kind::not_passed_on, .number = signal, .error = errno});
  }
}

void GuardianProcess::check_children() {
  signalfd_siginfo signal{};
  while (::read(children_.get(), &signal, sizeof signal) > 0) {
  }
  std::optional<Report> end;
  has_children_ = reap_children([&](const siginfo_t& child) {
    if (child.si_pid != job_) {
      return;
    }
    if (child.si_code == CLD_STOPPED) {
      report({.kind = Report::Kind::stopped, .number = child.si_status});
      return;
    }
    job_ = 0;
    end = {.kind = child.si_code == CLD_EXITED ? Report::Kind::exited : Report::Kind::killed,
           .number = child.si_status};
  });
  if (end) {
    end->is_alone = !has_children_;
    report(*end);
  }
}

void GuardianProcess::check_ending(Instant now) {
  if (is_ending_ && ending_.step(now, has_children_, group())) {
    is_ending_ = false;
    report_over();
  }
}

void GuardianProcess::report_over() {
  const auto& survivors = ending_.survivors();
  if (is_command_gone_) {
    if (!survivors.empty()) {
      static_cast<void>(write_all(STDERR_FILENO,
                                  "exclusive-lock: was killed; could not be ended, and may run "
                                  "beside the next holder: " +
                                      survivors_text(survivors) + "\n"));
    }
    ::_exit(0);
  }
  for (const Descendant& survivor : survivors) {
    report(survivor_report(survivor));
  }
  report({.kind = Report::Kind::over});
}

void GuardianProcess::report(const Report& message) {
  const bool is_repeated = message.kind == Report::Kind::stopped && !reports_.empty() &&
                           reports_.back().kind == message.kind;
  if (!is_command_gone_ && !is_repeated) {
    reports_.push_back(message);
  }
}

void GuardianProcess::send_reports() {
  while (!reports_.empty() && send_message(parts_.socket.get(), reports_.front())) {
    reports_.pop_front();
  }
}

}  // namespace exclusive_lock::cli
