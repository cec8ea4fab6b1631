#pragma once
// The inside of an ExclusiveLock.

#include <memory>
#include <stop_token>
#include <string>
#include <variant>

#include "exclusive_lock/exclusive_lock.hpp"
#include "runtime/engine.hpp"
#include "runtime/lock_handle.hpp"

namespace exclusive_lock {

// The connection comes first: it outlives the handle.
struct ExclusiveLock::Parts {
  std::shared_ptr<Connection> connection;
  std::string name;
  std::shared_ptr<LockHandle> handle;

  // In a child after fork() the answer of every call is the one of an object that holds nothing.
  [[nodiscard]] bool is_in_its_process() const noexcept {
    return connection->engine()->is_in_its_process();
  }
  // Blocks until its end; a stop, which is no error, ends it as false.
  [[nodiscard]] std::variant<bool, StoreFailure> acquire(const AcquireCall& call,
                                                         const std::stop_token& stop = {}) const;
  [[nodiscard]] DoneRelease release(std::optional<std::chrono::milliseconds> done_for) const;
};

struct LockAccess {
  static const auto& parts(const ExclusiveLock& lock) noexcept { return *lock.parts_; }
};

// The result of a call in a child after fork().
StoreFailure failure_after_fork();

}  // namespace exclusive_lock
