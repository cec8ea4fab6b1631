#pragma once
// A timer on the library's clock, which also counts the time that the machine is suspended;
// poll(2)'s own timeout does not.

#include <sys/timerfd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "cli/file_descriptor.hpp"
#include "cli/system_call.hpp"
#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::cli {

class BootTimer {
 public:
  BootTimer()
      : descriptor_(checked(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK),
                            "timerfd_create")) {}

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.number(); }
  // None: never. An instant that has passed: at once.
  void set(std::optional<Instant> instant) noexcept {
    itimerspec alarm{};  // all zero: no alarm
    if (instant) {
      const auto since_boot = std::max(instant->time_since_epoch(), BootClock::duration(1));
      const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
      alarm.it_value.tv_sec = seconds.count();
      alarm.it_value.tv_nsec = (since_boot - seconds).count();
    }
    ::timerfd_settime(descriptor(), TFD_TIMER_ABSTIME, &alarm, nullptr);
  }
  // Whether it has run out since it was set; false also where it was set anew meanwhile.
  // Async-signal-safe.
  bool has_run_out() noexcept {
    std::uint64_t times = 0;
    return ::read(descriptor(), &times, sizeof times) > 0;
  }

 private:
  FileDescriptor descriptor_;
};

}  // namespace exclusive_lock::cli
