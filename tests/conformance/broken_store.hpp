#pragma once
// Stores that are broken on purpose, each in one way, to test the tests: see broken_store_test.cpp.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "stores/memory/memory_store.hpp"

namespace exclusive_lock::conformance {

struct BrokenStore {
  std::string name;
  // A check that must fail on it (the name of one of all_checks()).
  std::string caught_by;
  std::function<std::shared_ptr<Store>(std::shared_ptr<MemoryStore>)> wrap;
  friend std::ostream& operator<<(std::ostream& out, const BrokenStore& broken) {
    return out << broken.name;
  }
};

std::vector<BrokenStore> broken_stores();

}  // namespace exclusive_lock::conformance
