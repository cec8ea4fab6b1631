#pragma once
// What wakes a scheduler when an instant has come: a thread in a running program, simulated time in
// the simulation.

#include <functional>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

class Waker {
 public:
  virtual ~Waker() = default;
  // Before everything else, and once. From now on `woken` is called at instants that were set, or a
  // bit later, and never twice at a time; it may call set().
  virtual void start(std::function<void()> woken) = 0;
  // In place of the instant that was set before, unless that has come. One of the past: at once.
  // Any thread.
  virtual void set(Instant when) = 0;
  // `woken` is not called any more: waits for a call that runs. Idempotent; not to be called from
  // `woken`, and nothing is to be set any more.
  virtual void stop() = 0;
};

}  // namespace exclusive_lock
