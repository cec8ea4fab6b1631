#pragma once
// The clocks of the machine.

#include <chrono>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

// Where a store or the runtime reads the time: BootClock in a running program, a script in tests
// and in simulation.
class ClockSource {
 public:
  virtual ~ClockSource() = default;
  [[nodiscard]] virtual Instant now() const noexcept = 0;
};

class SystemClockSource final : public ClockSource {
 public:
  [[nodiscard]] Instant now() const noexcept override { return BootClock::now(); }
};

// The wall clock (CLOCK_REALTIME), since 1970. It may be set at any time.
inline std::chrono::microseconds wall_time() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace exclusive_lock
