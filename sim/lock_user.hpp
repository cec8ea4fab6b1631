#pragma once
// Whoever uses a lock object in a run.

#include "sim/lock_driver.hpp"

namespace exclusive_lock::sim {

class LockUser {
 public:
  LockUser() = default;
  virtual ~LockUser() = default;
  LockUser(const LockUser&) = delete;
  LockUser& operator=(const LockUser&) = delete;

  virtual void start() = 0;
  [[nodiscard]] virtual LockDriver& lock() = 0;
  // Has nothing more to do.
  [[nodiscard]] virtual bool is_done() const = 0;
};

}  // namespace exclusive_lock::sim
