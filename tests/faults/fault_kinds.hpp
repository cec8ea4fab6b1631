#pragma once
// The faults: each brings its own about in a scene where workers work, waits until it has had its
// effect, and undoes it.
//
// Whoever adds one: a function and a line in the list at the end of its file. It says through
// Fleet::suffer() from when to when something was wrong, and whether data can have been lost; it
// waits for conditions, and leaves the scene as it found it. Then a row of docs/failure_modes.md.

#include <ostream>
#include <string>
#include <vector>

#include "faults/scene.hpp"

namespace exclusive_lock::faults {

struct FaultKind {
  std::string name;
  void (*strike)(Scene&);
  friend std::ostream& operator<<(std::ostream& out, const FaultKind& kind) {
    return out << kind.name;
  }
};
using FaultKinds = std::vector<FaultKind>;

FaultKinds server_faults();   // of a server, and of what others do to it
FaultKinds network_faults();  // of the way to it
FaultKinds process_faults();  // of the workers
FaultKinds clock_faults();    // of a server's clock
FaultKinds local_faults();    // of the files of a local store, and of their disk

// Those that can strike this store.
FaultKinds faults_of(const std::string& store);

}  // namespace exclusive_lock::faults
