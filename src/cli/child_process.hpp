#pragma once
// The command that runs under the lock: clone, exec, and what becomes of it.

#include <sys/types.h>

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/foreground.hpp"
#include "cli/guardian.hpp"
#include "cli/signal_inbox.hpp"

namespace exclusive_lock::cli {

struct ChildPlan {
  std::vector<std::string>
      arguments;  // the first one is looked up on the PATH; no shell in between
  std::vector<std::string> environment;  // "NAME=value"
  bool dies_with_parent;
};

// Where a child comes from: what of this process it must undo or be entered into.
struct ChildSurroundings {
  const SignalInbox& signals;
  Foreground& foreground;
  Guardian* guardian;  // null: nobody watches over it
};

struct NotStarted {
  int error;  // errno of clone or exec
};

class ChildProcess {
 public:
  // To be called from the main thread: the parent-death signal comes when the thread that forked
  // ends (prctl(2), PR_SET_PDEATHSIG). Returns when the program runs, or could not be started.
  static std::variant<ChildProcess, NotStarted> start(const ChildPlan& plan,
                                                      ChildSurroundings around);

  [[nodiscard]] pid_t group() const { return pid_; }
  // To everybody in its group. Nothing happens where all of them have ended.
  void signal(int number) const;

  struct Exited {
    int code;
  };
  struct Killed {
    int signal;
  };
  struct Stopped {
    int signal;
  };
  using Change = std::variant<Exited, Killed, Stopped>;
  // The next change of its state; none: no more for now. One that has ended stays a zombie, so that
  // its number is not given to another process, until reap().
  [[nodiscard]] std::optional<Change> next_change() const;
  void reap() const;

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
};

}  // namespace exclusive_lock::cli
