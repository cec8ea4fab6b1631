#pragma once
// The resource that the workers write to: one value for all processes, which checks fences as
// docs/fencing.md tells a resource to, with the library's own FenceGate.
//
// Its state is its log: the last line says which fence is the highest. One process at a time
// (flock(2)) reads that line, lets the gate decide and appends its own, by one system call; so a
// writer that is killed in between leaves nothing half done.

#include <filesystem>

#include "faults/history.hpp"

namespace exclusive_lock::faults {

class GuardedRegister {
 public:
  explicit GuardedRegister(const std::filesystem::path& path) : lines_(path) {}

  // False: refused, for somebody with a higher fence has written before.
  bool write(int worker, Fence fence);

  // Whether nobody is between the two: a process that was stopped there would stop all others.
  [[nodiscard]] bool is_free() const;

 private:
  LineFile lines_;
};

}  // namespace exclusive_lock::faults
