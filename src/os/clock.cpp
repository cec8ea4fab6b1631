#include <time.h>

#include <exception>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

BootClock::time_point BootClock::now() noexcept {
  timespec reading{};
  // Linux has this clock since 2.6.39 (clock_gettime(2)). Without it no hold can be judged, and any
  // instant made up here would keep or end holds at random, so the process ends (G1).
  if (::clock_gettime(CLOCK_BOOTTIME, &reading) != 0) {
    std::terminate();
  }
  return time_point(std::chrono::seconds(reading.tv_sec) +
                    std::chrono::nanoseconds(reading.tv_nsec));
}

}  // namespace exclusive_lock
