#pragma once
// Bugs between the engine and the server, as a decorator of the link.

#include <memory>

#include "sim/mutants.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::sim {

class Process;

// The link itself where the mutant is none of these.
std::shared_ptr<Store> with_bug(Mutant mutant, Process& process, std::shared_ptr<Store> link);

}  // namespace exclusive_lock::sim
