#pragma once
// Watching over the job while it runs under the lock: passes signals on, follows stops and
// continuations, and ends it in time when the hold ends (hold_watch.hpp). What the job leaves
// behind lives on only where the job exited by itself
// (docs/decisions/0018-run-ends-every-descendant.md).

#include <signal.h>

#include <bitset>
#include <optional>
#include <vector>

#include "cli/boot_timer.hpp"
#include "cli/foreground.hpp"
#include "cli/guardian.hpp"
#include "cli/hold_watch.hpp"
#include "cli/output/talk.hpp"
#include "cli/signal_inbox.hpp"
#include "cli/wake_up.hpp"
#include "exclusive_lock/exclusive_lock.hpp"

namespace exclusive_lock::cli {

class Supervision {
 public:
  struct Parts {
    const ExclusiveLock& lock;
    Guardian& guardian;
    SignalInbox& signals;
    Foreground& foreground;
    WakeUp& hold_changed;  // sent when the lock was lost or refreshed
    Talk& talk;
  };

  Supervision(Parts parts, HoldWatch watch);

  struct Ended {
    std::optional<Report> job;  // not_started, exited or killed; none: it is not known, or it lives
    HoldWatch::Reason reason;
    bool had_terminal;                  // a signal from the terminal went to the job alone
    bool is_guardian_gone;              // it was killed, and so all was ended
    std::vector<Descendant> survivors;  // what could not be ended
  };
  // To be called after Guardian::start(). Returns when the job has ended, and all that it has
  // started where that must end.
  Ended run();

 private:
  void look_at_hold();
  void obey(HoldWatch::Order order);
  void take_reports();
  void take(const Report& report);
  void job_ended(const Report& report);
  [[nodiscard]] bool was_ended_by_signal(const Report& end) const;
  [[nodiscard]] bool is_finished() const;
  Ended finish();
  void pass_signals_on();
  void follow_stop(int signal);
  void continue_job();
  void wait_for_news();

  Parts parts_;
  HoldWatch watch_;
  BootTimer timer_;
  pid_t group_ = 0;  // of the job; 0: it was not started yet
  std::optional<Report> end_;
  bool is_over_ = false;  // nothing that must end is left, or it cannot be ended
  bool is_guardian_gone_ = false;
  std::vector<Descendant> survivors_;
  std::bitset<_NSIG> passed_on_;  // by number
};

}  // namespace exclusive_lock::cli
