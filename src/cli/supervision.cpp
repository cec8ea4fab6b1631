#include "cli/supervision.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

#include "cli/exit_codes.hpp"

namespace exclusive_lock::cli {
Supervision::Supervision(Parts parts, HoldWatch watch) : parts_(parts), watch_(watch) {}

Supervision::Ended Supervision::run() {
  for (;;) {
    handle_reports();
    check_hold();
    if (is_finished()) {
      return finish();
    }
    wait_for_events();
    pass_signals_on();
  }
}

Supervision::Ended Supervision::finish() {
  const bool had_terminal = group_ != 0 && parts_.foreground.is_lent_to(group_);
  if (had_terminal) {
    parts_.foreground.take_back_from(group_, end_ && end_->kind == Report::Kind::killed);
  }
  return {.job = end_,
          .reason = watch_.reason(),
          .had_terminal = had_terminal,
          .is_guardian_gone = is_guardian_gone_,
          .is_term_refused = not_passed_on_.test(SIGTERM),
          .survivors = std::move(survivors_)};
}

bool Supervision::is_finished() const {
  return watch_.must_end_all() ? is_over_ : end_.has_value();
}

void Supervision::check_hold() {
  const HoldWatch::Step step = watch_.next(BootClock::now(), parts_.lock.safe_until());
  carry_out(step.order);
  std::optional<Instant> wake_at = parts_.guardian.next_step_at();
  if (step.wake_at) {
    wake_at = std::min(*step.wake_at, wake_at.value_or(*step.wake_at));
  }
  timer_.set(wake_at);
  parts_.guardian.kill_at(watch_.fallback_kill_at());
}

void Supervision::carry_out(HoldWatch::Order order) {
  switch (order) {
    case HoldWatch::Order::nothing:
      break;
    case HoldWatch::Order::terminate:
      parts_.guardian.terminate();
      break;
    case HoldWatch::Order::kill:
      parts_.guardian.kill();
      break;
  }
}

void Supervision::handle_reports() {
  while (const auto report = parts_.guardian.next_report()) {
    handle(*report);
  }
}

void Supervision::handle(const Report& report) {
  switch (report.kind) {
    case Report::Kind::started:
      group_ = report.pid;
      break;
    case Report::Kind::not_started:
      group_ = std::max(report.pid, 0);
      end_ = report;
      is_over_ = true;
      break;
    case Report::Kind::stopped:
      follow_stop(report.number);
      break;
    case Report::Kind::exited:
    case Report::Kind::killed:
      job_ended(report);
      break;
    case Report::Kind::not_passed_on:
      not_passed_on_.set(static_cast<std::size_t>(report.number));
      parts_.talk.say("signal " + std::to_string(report.number) +
                      " could not be passed on to the command: " +
                      std::generic_category().message(report.error));
      break;
    case Report::Kind::timer_expired:
      watch_.killed_by_guardian();
      parts_.guardian.kill();
      break;
    case Report::Kind::left:
      survivors_.push_back(survivor_of(report));
      break;
    case Report::Kind::over:
      is_over_ = true;
      break;
    case Report::Kind::guardian_gone:
      is_guardian_gone_ = true;
      watch_.require_end();
      break;
  }
}

void Supervision::job_ended(const Report& report) {
  end_ = report;
  is_over_ = report.is_alone;
  if (!is_over_ && was_ended_by_signal(report)) {
    watch_.require_end();
  }
}

// A shell, and a program that cleans up before it ends, exits with 128+n. TERM asks a program to
// end, so every exit after TERM counts.
bool Supervision::was_ended_by_signal(const Report& end) const {
  if (end.kind == Report::Kind::killed || passed_on_.test(SIGTERM)) {
    return true;
  }
  const int signal = end.number - to_int(ExitCode::signalled);
  return signal > 0 && signal < _NSIG && passed_on_.test(static_cast<std::size_t>(signal));
}

void Supervision::wait_for_events() {
  std::array<pollfd, 4> events{
      pollfd{.fd = parts_.signals.descriptor(), .events = POLLIN, .revents = 0},
      pollfd{.fd = parts_.hold_changed.descriptor(), .events = POLLIN, .revents = 0},
      pollfd{.fd = parts_.guardian.descriptor(), .events = POLLIN, .revents = 0},
      pollfd{.fd = timer_.descriptor(), .events = POLLIN, .revents = 0}};
  ::poll(events.data(), events.size(), -1);
  parts_.hold_changed.receive();
  timer_.has_expired();
}

void Supervision::pass_signals_on() {
  while (const auto signal = parts_.signals.next()) {
    if (*signal == SIGCONT) {
      continue_job();
    } else {
      passed_on_.set(static_cast<std::size_t>(*signal));
      parts_.guardian.pass_on(*signal);
    }
  }
}

void Supervision::continue_job() {
  // The `fg` of a shell has given the terminal to this process's group.
  if (group_ != 0 && parts_.foreground.lends_at_start()) {
    parts_.foreground.lend_to(group_);
  }
  parts_.guardian.pass_on(SIGCONT);
}

// When the terminal or a person stops the command, this process stops too, so that the shell that
// waits for it notices. A stopped process does not refresh: a command that is stopped for longer
// than the hold is killed.
void Supervision::follow_stop(int signal) {
  const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  if (wants_terminal && parts_.foreground.lend_to(group_)) {
    parts_.guardian.pass_on(SIGCONT);
    return;
  }
  const bool had_terminal = parts_.foreground.is_lent_to(group_);
  if (signal == SIGSTOP && !had_terminal) {
    return;  // sent by kill -STOP, without a shell that waits at a terminal: kill -CONT will follow
  }
  parts_.foreground.take_back_from(group_, false);
  const bool was_stopped =
      parts_.signals.stop_this_process(signal == SIGSTOP ? SIGTSTP : signal, true);
  check_hold();  // before the job is continued
  if (was_stopped || signal != SIGSTOP) {
    continue_job();
  }
}

}  // namespace exclusive_lock::cli
