#pragma once
// Ends all descendants of this process, whatever their process group or session.
//
// This process must be a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER): a descendant whose parent
// ends becomes a child of this process. So a descendant is left exactly as long as a child is left,
// which wait(2) reports (ECHILD).
//
// Descendants are found through /proc/PID/task/TID/children. No signal reaches an unrelated process
// that got the id of an ended one. The id of a child stays its own until the child is reaped; only
// this process reaps it, between two walks. Deeper descendants are signalled through a pidfd that
// was opened before their parent was confirmed.

#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::cli {

// A living process.
struct Descendant {
  pid_t pid;  // 0: a process that /proc does not show
  std::string program;
  int error;  // errno of kill; 0: the signal was sent
};

// Sends `signal` once to each living descendant, and returns them. `group` is signalled as a whole,
// so that none of its members escapes by a fork; 0: no such group. It must be the group of a child
// that was not reaped yet.
std::vector<Descendant> signal_descendants(int signal, pid_t group);

// Reaps children that have ended, and calls `on_change` for each end and each stop. False: no child
// is left.
bool reap_children(const std::function<void(const siginfo_t&)>& on_change);

// Sends TERM and KILL to all descendants, and collects those that do not end. The caller reaps.
class Ending {
 public:
  // Sends TERM, then CONT for stopped processes. Returns the errno of a refused TERM; 0: none.
  static int terminate(pid_t group);
  // From now on each step sends KILL.
  void kill(Instant now);

  // Call it after each reaping, and at next_step_at(). True: finished; survivors() are the
  // processes that could not be ended.
  bool step(Instant now, bool has_children, pid_t group);
  [[nodiscard]] std::optional<Instant> next_step_at() const { return next_step_at_; }
  [[nodiscard]] const std::vector<Descendant>& survivors() const { return survivors_; }

 private:
  std::optional<Instant> killing_since_;
  std::optional<Instant> next_step_at_;
  std::vector<Descendant> survivors_;
};

// "process 12 (sleep): Operation not permitted; process 13 (cat): does not end". Not empty.
std::string survivors_text(const std::vector<Descendant>& survivors);

}  // namespace exclusive_lock::cli
