#pragma once
// Where and of what a run was: without it no figure means anything.

#include <string>
#include <vector>

namespace exclusive_lock::bench {

struct Machine {
  std::string processor;
  unsigned cores = 0;
  std::string placement;  // which cores the run may use
  std::string kernel;
  double memory_gib = 0;
  std::string load;  // the average over one minute when the run began
};
Machine this_machine();

struct Versions {
  std::string commit;  // from the environment variable EXCLUSIVE_LOCK_BENCH_COMMIT
  std::string compiler;
  std::string server;
  std::string hiredis;
};

}  // namespace exclusive_lock::bench
