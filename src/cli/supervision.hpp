#pragma once
// Watching over the command while it runs under the lock: passes signals on, follows stops and
// continuations, and ends it in time when the hold ends (hold_watch.hpp).

#include "cli/boot_timer.hpp"
#include "cli/child_process.hpp"
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
    const ChildProcess& child;
    SignalInbox& signals;
    Foreground& foreground;
    Guardian* guardian;    // null: nobody else watches
    WakeUp& hold_changed;  // sent when the lock was lost or refreshed
    Talk& talk;
  };

  Supervision(Parts parts, HoldWatch watch);

  struct Ended {
    ChildProcess::Change how;
    HoldWatch::Reason reason;
    bool had_terminal;  // a signal from the terminal went to the command alone
  };
  // Returns when the command has ended. It is still a zombie then.
  Ended run();

 private:
  void look_at_hold(bool leader_has_ended);
  [[nodiscard]] bool is_rest_to_be_killed() const;
  void obey(HoldWatch::Order order);
  void pass_signals_on();
  void follow_stop(int signal);
  void continue_child();
  void check_guardian();
  void wait_for_news();

  Parts parts_;
  HoldWatch watch_;
  BootTimer timer_;
  bool misses_guardian_ = false;
};

}  // namespace exclusive_lock::cli
