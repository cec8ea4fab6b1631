#pragma once
// What an engine has from outside: time, chance, and who wakes it and runs its users' code. Those
// of the system in a running program, simulated ones in the simulation.

#include <memory>

#include "os/clock.hpp"
#include "runtime/notifier.hpp"
#include "runtime/random_source.hpp"
#include "runtime/waker.hpp"

namespace exclusive_lock {

struct Surroundings {
  std::unique_ptr<const ClockSource> clock;
  std::unique_ptr<RandomSource> random;
  std::unique_ptr<Waker> waker;
  std::unique_ptr<Notifier> events;  // event handlers
  std::unique_ptr<Notifier> losses;  // stopping lost tokens
};

// With three threads. Throws std::system_error where there can be no more of them.
Surroundings system_surroundings();

}  // namespace exclusive_lock
