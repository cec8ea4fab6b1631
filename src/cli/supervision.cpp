#include "cli/supervision.hpp"

#include <poll.h>

#include <algorithm>
#include <array>

#include "cli/process_group.hpp"

namespace exclusive_lock::cli {
Supervision::Supervision(Parts parts, HoldWatch watch) : parts_(parts), watch_(watch) {}

Supervision::Ended Supervision::run() {
  std::optional<ChildProcess::Change> end;
  for (;;) {
    look_at_hold(end.has_value());
    while (!end) {
      const auto change = parts_.child.next_change();
      if (!change) {
        break;
      }
      if (const auto* stop = std::get_if<ChildProcess::Stopped>(&*change)) {
        follow_stop(stop->signal);
      } else {
        end = change;
      }
    }
    if (end && !is_rest_to_be_killed()) {
      return {.how = *end,
              .reason = watch_.reason(),
              .had_terminal = parts_.foreground.is_lent_to(parts_.child.group())};
    }
    wait_for_news();
    pass_signals_on();
  }
}

// Where the command was told to end, its leader may do so and leave others of its group at work.
bool Supervision::is_rest_to_be_killed() const {
  return watch_.is_going_to_kill() && has_living_followers(parts_.child.group());
}

void Supervision::look_at_hold(bool leader_has_ended) {
  const Instant now = BootClock::now();
  const HoldWatch::Step step = watch_.next(now, parts_.lock.safe_until());
  obey(step.order);
  // Nobody tells when the last of a group ends.
  const Instant next_count = now + std::chrono::milliseconds(20);
  timer_.set(leader_has_ended ? std::min(step.wake_at.value_or(next_count), next_count)
                              : step.wake_at);
  if (parts_.guardian != nullptr) {
    parts_.guardian->kill_at(watch_.killed_at_the_latest());
  }
}

void Supervision::obey(HoldWatch::Order order) {
  switch (order) {
    case HoldWatch::Order::nothing:
      break;
    case HoldWatch::Order::terminate:
      parts_.child.signal(SIGTERM);
      parts_.child.signal(SIGCONT);  // one that is stopped could not obey
      break;
    case HoldWatch::Order::kill:
      parts_.child.signal(SIGKILL);
      break;
  }
}

void Supervision::wait_for_news() {
  std::array<pollfd, 3> events{
      pollfd{.fd = parts_.signals.descriptor(), .events = POLLIN, .revents = 0},
      pollfd{.fd = parts_.hold_changed.descriptor(), .events = POLLIN, .revents = 0},
      pollfd{.fd = timer_.descriptor(), .events = POLLIN, .revents = 0}};
  ::poll(events.data(), events.size(), -1);
  parts_.hold_changed.receive();
  timer_.has_run_out();
}

void Supervision::pass_signals_on() {
  while (const auto signal = parts_.signals.next()) {
    if (*signal == SIGCHLD) {
      check_guardian();
    } else if (*signal == SIGCONT) {
      continue_child();
    } else {
      parts_.child.signal(*signal);
    }
  }
}

void Supervision::continue_child() {
  // A shell's `fg` has given the terminal to our group.
  if (parts_.foreground.is_to_be_lent_at_once()) {
    parts_.foreground.lend_to(parts_.child.group());
  }
  parts_.child.signal(SIGCONT);
}

// What the terminal, or a person, does to the command is done to us too, so that the shell that
// waits for us learns of it. Nothing is refreshed while we are stopped: a stop that outlasts the
// hold costs the command its life.
void Supervision::follow_stop(int signal) {
  const pid_t group = parts_.child.group();
  const bool wants_terminal = signal == SIGTTIN || signal == SIGTTOU;
  if (wants_terminal && parts_.foreground.lend_to(group)) {
    parts_.child.signal(SIGCONT);
    return;
  }
  const bool had_terminal = parts_.foreground.is_lent_to(group);
  if (signal == SIGSTOP && !had_terminal) {
    return;  // somebody's kill -STOP, and no shell waits at a terminal: it will be their kill -CONT
             // too
  }
  parts_.foreground.take_back_from(group, false);
  const bool was_stopped =
      parts_.signals.stop_this_process(signal == SIGSTOP ? SIGTSTP : signal, true);
  look_at_hold(false);  // before anything is continued
  if (was_stopped || signal != SIGSTOP) {
    continue_child();
  }
}

void Supervision::check_guardian() {
  if (parts_.guardian != nullptr && !misses_guardian_ && !parts_.guardian->is_alive()) {
    misses_guardian_ = true;
    parts_.talk.say(
        "the process that would end the command if this one were killed or stopped is gone; what "
        "the command has "
        "started itself might now outlive the lock");
  }
}

}  // namespace exclusive_lock::cli
