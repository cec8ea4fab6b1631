#pragma once
// Starts the job: clone and exec.

#include <sys/types.h>

#include <string>
#include <vector>

#include "cli/foreground.hpp"
#include "cli/signal_inbox.hpp"

namespace exclusive_lock::cli {

// What runs under the lock.
struct ChildPlan {
  std::vector<std::string> arguments;    // the first is looked up on the PATH; no shell is used
  std::vector<std::string> environment;  // "NAME=value"
};

// What a child inherits from this process: it restores `signals`, and may take the terminal.
struct ChildContext {
  const SignalInbox& signals;
  const Foreground& foreground;
  bool takes_terminal;
  bool dies_with_parent;
};

struct Started {
  pid_t pid;  // also the id of its process group; -1: no process was made
  int error;  // errno of clone or exec; 0: the program runs
};

// Returns when the program runs or could not be started; in the second case the child is a zombie.
// Call it from the main thread: the parent-death signal comes when the thread that forked ends
// (prctl(2), PR_SET_PDEATHSIG).
Started start_program(const ChildPlan& plan, const ChildContext& context);

}  // namespace exclusive_lock::cli
