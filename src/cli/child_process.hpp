#pragma once
// The start of the job: clone, exec.

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/foreground.hpp"
#include "cli/signal_inbox.hpp"

namespace exclusive_lock::cli {

// What runs under the lock.
struct ChildPlan {
  std::vector<std::string>
      arguments;  // the first one is looked up on the PATH; no shell in between
  std::vector<std::string> environment;  // "NAME=value"
};

// What of this process a child undoes or is entered into.
struct ChildSurroundings {
  const SignalInbox& signals;
  const Foreground& foreground;
  bool takes_terminal;
  bool dies_with_parent;
};

struct Started {
  pid_t pid;  // also the number of its process group; -1: there is none
  int error;  // errno of clone or exec; 0: the program runs
};

// Returns when the program runs, or could not be started: it is then a zombie. To be called from
// the main thread: the parent-death signal comes when the thread that forked ends (prctl(2),
// PR_SET_PDEATHSIG).
Started start_program(const ChildPlan& plan, const ChildSurroundings& around);

}  // namespace exclusive_lock::cli
