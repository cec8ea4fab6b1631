#pragma once
// Where a store or the runtime reads the time: BootClock in a running program, a script in tests
// and in simulation.

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

class ClockSource {
 public:
  virtual ~ClockSource() = default;
  [[nodiscard]] virtual Instant now() const noexcept = 0;
};

class SystemClockSource final : public ClockSource {
 public:
  [[nodiscard]] Instant now() const noexcept override { return BootClock::now(); }
};

}  // namespace exclusive_lock
