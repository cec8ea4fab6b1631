#pragma once
// Ends all that this process has started, directly or not, in whatever process group or session.
//
// This process must be a subreaper (prctl(2), PR_SET_CHILD_SUBREAPER): a descendant whose parent
// ends becomes a child of this process. So a descendant is left exactly as long as a child is left,
// which wait(2) knows (ECHILD).
//
// Descendants are found through /proc/PID/task/TID/children. No signal reaches an unrelated process
// that got the number of an ended one: the number of a child is its own until it is reaped, which
// only this process does, between two walks. All others are signalled through a pidfd that was
// opened before their parent was confirmed.

#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::cli {

// A process that is alive.
struct Descendant {
  pid_t pid;  // 0: there is one, but /proc does not show it
  std::string program;
  int error;  // errno of kill; 0: the signal was sent
};

// Sends `signal` once to each living descendant, and returns them. `group` is signalled as a whole,
// so that none of its members escapes by a fork; 0: there is no such group. It must be the group of
// an unreaped child.
std::vector<Descendant> signal_descendants(int signal, pid_t group);

// Reaps children that have ended and calls `on_change` for each end and each stop. False: no child
// is left.
bool reap_children(const std::function<void(const siginfo_t&)>& on_change);

// TERM, KILL, and the survey of what is left. The caller reaps.
class Ending {
 public:
  // TERM, and CONT for those that are stopped.
  static void terminate(pid_t group);
  // KILL, from now on at each step.
  void kill(Instant now);

  // To be called after each reaping, and at look_again_at(). True: it is over, and survivors() are
  // those that could not be ended.
  bool step(Instant now, bool has_children, pid_t group);
  [[nodiscard]] std::optional<Instant> look_again_at() const { return look_again_at_; }
  [[nodiscard]] const std::vector<Descendant>& survivors() const { return survivors_; }

 private:
  std::optional<Instant> killing_since_;
  std::optional<Instant> look_again_at_;
  std::vector<Descendant> survivors_;
};

// "process 12 (sleep): Operation not permitted; process 13 (cat): does not end". Not empty.
std::string names_of(const std::vector<Descendant>& survivors);

}  // namespace exclusive_lock::cli
