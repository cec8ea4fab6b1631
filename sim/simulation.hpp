#pragma once
// One run, from its seed to its end: failure for some seconds, then calm, in which everybody who
// still waits has to get the lock; then everything is released, and nothing may be left.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/checkers.hpp"
#include "sim/mutants.hpp"

namespace exclusive_lock::sim {

struct Plan {
  std::uint64_t seed = 0;
  Mutant mutant = Mutant::none;
  // Lines of the trace that are kept at the end; none: no trace, which is faster.
  std::size_t trace_lines = 0;
};

struct Outcome {
  std::optional<Violation> violation;
  std::vector<std::string> trace;  // of the lock that the violation is about
  std::uint64_t events = 0;
  std::uint64_t grants = 0;
  std::uint64_t hand_overs = 0;
};

Outcome run(const Plan& plan);

}  // namespace exclusive_lock::sim
