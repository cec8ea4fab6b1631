#pragma once
// One client of the memory store, as it is or with the one bug of a mutant.

#include <memory>

#include "sim/mutants.hpp"
#include "stores/memory/memory_store.hpp"

namespace exclusive_lock::sim {

std::shared_ptr<Store> with_bug(Mutant mutant, std::shared_ptr<MemoryStore> memory,
                                std::shared_ptr<Store> client);

}  // namespace exclusive_lock::sim
