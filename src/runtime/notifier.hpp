#pragma once
// Where user code runs, one task after the other: on a thread (notifier_thread.hpp), or in the
// simulation.

#include <functional>

namespace exclusive_lock {

class Notifier {
 public:
  virtual ~Notifier() = default;
  // Any thread, without waiting for the task. Tasks must not throw.
  virtual void post(std::function<void()> task) = 0;
};

}  // namespace exclusive_lock
