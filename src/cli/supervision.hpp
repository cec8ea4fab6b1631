#pragma once
// Supervises the job while it runs under the lock: passes signals on, follows stops and
// continuations, and ends the job in time when the hold ends (hold_watch.hpp). Descendants live on
// only if the job exited by itself (docs/decisions/0018-run-ends-every-descendant.md).

#include <signal.h>

#include <bitset>
#include <optional>
#include <vector>

#include "cli/foreground.hpp"
#include "cli/guardian.hpp"
#include "cli/hold_watch.hpp"
#include "cli/output/talk.hpp"
#include "cli/signal_inbox.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "os/descriptors.hpp"

namespace exclusive_lock::cli {

class Supervision {
 public:
  struct Parts {
    const ExclusiveLock& lock;
    Guardian& guardian;
    SignalInbox& signals;
    Foreground& foreground;
    EventDescriptor& hold_changed;  // sent when the lock was lost or refreshed
    Talk& talk;
  };

  Supervision(Parts parts, HoldWatch watch);

  struct Ended {
    std::optional<Report> job;  // not_started, exited or killed; none: not known, or still running
    HoldWatch::Reason reason;
    bool had_terminal;                  // a signal from the terminal went to the job only
    bool is_guardian_gone;              // it was killed, so all descendants were ended
    bool is_term_refused;               // by a process of another user
    std::vector<Descendant> survivors;  // those that could not be ended
  };
  // Call it after Guardian::start(). Returns when the job has ended and, if they must end, all
  // descendants.
  Ended run();

 private:
  void check_hold();
  void carry_out(HoldWatch::Order order);
  void handle_reports();
  void handle(const Report& report);
  void job_ended(const Report& report);
  [[nodiscard]] bool was_ended_by_signal(const Report& end) const;
  [[nodiscard]] bool is_finished() const;
  Ended finish();
  void pass_signals_on();
  void follow_stop(int signal);
  void continue_job();
  void wait_for_events();

  Parts parts_;
  HoldWatch watch_;
  BootTimer timer_;
  pid_t group_ = 0;  // of the job; 0: not started yet
  std::optional<Report> end_;
  bool is_over_ = false;  // no descendant that must end is left, or it cannot be ended
  bool is_guardian_gone_ = false;
  std::vector<Descendant> survivors_;
  std::bitset<_NSIG> passed_on_;  // by number
  std::bitset<_NSIG> not_passed_on_;
};

}  // namespace exclusive_lock::cli
