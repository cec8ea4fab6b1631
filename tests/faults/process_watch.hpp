#pragma once
// What a process uses, read from /proc: to be the same before and after.

#include <sys/types.h>

#include <cstdint>
#include <ostream>

namespace exclusive_lock::faults {

struct ProcessUse {
  std::int64_t memory_kib = 0;  // resident
  int descriptors = 0;
  int threads = 0;
  friend std::ostream& operator<<(std::ostream& out, const ProcessUse& use);
};

// Throws std::runtime_error where there is no such process.
ProcessUse use_of(pid_t pid);

}  // namespace exclusive_lock::faults
