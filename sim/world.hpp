#pragma once
// All that one run has only one of.

#include <map>
#include <string>

#include "exclusive_lock/fence.hpp"
#include "sim/checkers.hpp"
#include "sim/mutants.hpp"
#include "sim/random.hpp"
#include "sim/scenario.hpp"
#include "sim/server.hpp"
#include "sim/timeline.hpp"
#include "sim/trace.hpp"

namespace exclusive_lock::sim {

struct World {
  World(std::uint64_t seed, Mutant a_mutant, bool with_trace)
      : random(seed),
        mutant(a_mutant),
        scenario(random),
        trace(timeline, with_trace),
        server(timeline, scenario.store_rate, mutant, checkers, trace) {
    if (scenario.store_failure == Scenario::StoreFailure::slew) {
      checkers.clock_is_slewed();
    }
  }

  Timeline timeline;
  Random random;
  Mutant mutant;
  Scenario scenario;
  Trace trace;
  Checkers checkers;
  Server server;
  std::map<std::string, FenceGate> resources;  // by the key of the lock that guards them
  bool is_calm = false;                        // no fault strikes any more
  bool is_closing = false;                     // nobody begins anything any more
};

}  // namespace exclusive_lock::sim
