#pragma once
// Reads a whole history and says what in it must not have happened. Knows nothing of how it came
// about: each rule is a sentence of docs/guarantees.md, and checker_test.cpp breaks each of them.
//
//   shape      every line makes sense, and no worker held twice at once
//   overlap    no two beliefs have an instant in common (G1). Across a loss of data they may, from
//              then for at most overlap_after_loss, and never beyond what a refresh from before the
//              loss can have promised: one ttl
//   fences     who asked after another had been granted has a higher fence; without a loss of data
//              between them holds have growing fences in the order of their beliefs (G2)
//   register   nothing was accepted with a lower fence than something before, and nothing refused
//              without cause; a worker that believed, alone, was not refused
//   recovery   after each fault somebody believes again within `recovery`, and at the end of the
//              run everybody who is named in `survivors` has held since the last fault
//
// All of it is sound for processes that are stopped at any instruction: a belief is counted only
// from one look at held() to the last one that said true.

#include <chrono>
#include <string>
#include <vector>

#include "faults/history.hpp"

namespace exclusive_lock::faults {

struct Bounds {
  std::chrono::milliseconds ttl;
  std::chrono::milliseconds overlap_after_loss;
  std::chrono::milliseconds recovery;
  std::vector<int> survivors{};
};

// Empty: nothing wrong. At most a dozen of each kind.
std::vector<std::string> violations(const History& history, const Bounds& bounds);

// Several of them as a text, one to a line.
std::string text_of(const std::vector<std::string>& lines);

}  // namespace exclusive_lock::faults
