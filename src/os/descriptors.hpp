#pragma once
// Descriptors that close themselves: of files, of wake-ups between threads, of timers.

#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>
#include <utility>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

// For system calls that fail only if the process has reached a limit or the system is broken.
// `result` is what the call returned. Throws std::system_error with errno if it is -1.
template <class Result>
Result checked(Result result, const char* what) {
  if (result == static_cast<Result>(-1)) {
    throw std::system_error(errno, std::generic_category(), what);
  }
  return result;
}

// An open file; closed by the destructor.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) noexcept : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      close();
      number_ = other.release();
    }
    return *this;
  }
  ~Descriptor() { close(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  // The caller has to close it.
  int release() noexcept { return std::exchange(number_, -1); }
  void close() noexcept {
    if (is_open()) {
      ::close(release());
    }
  }

 private:
  int number_ = -1;
};

// A wake-up between threads: a descriptor that becomes readable after send().
class EventDescriptor {
 public:
  EventDescriptor() : descriptor_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  // Any thread.
  void send() const noexcept {
    const std::uint64_t one = 1;
    // Fails only if 2^64 - 1 wake-ups are pending, and then the reader wakes up anyway.
    static_cast<void>(::write(descriptor(), &one, sizeof one) == 0);
  }
  // Any thread. False: nothing was sent.
  bool receive() const noexcept {
    std::uint64_t count = 0;
    return ::read(descriptor(), &count, sizeof count) > 0;
  }

 private:
  Descriptor descriptor_;
};

// A timer on the library's clock. That clock also counts the time that the machine is suspended;
// the timeouts of poll(2) and of condition variables do not.
class BootTimer {
 public:
  enum class Read { at_once, blocks };
  explicit BootTimer(Read read = Read::at_once)
      : descriptor_(
            checked(::timerfd_create(CLOCK_BOOTTIME,
                                     TFD_CLOEXEC | (read == Read::at_once ? TFD_NONBLOCK : 0)),
                    "timerfd_create")) {}

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
  // Any thread. None: the timer never expires. An instant in the past: it expires at once.
  void set(std::optional<Instant> instant) const noexcept {
    itimerspec alarm{};  // all zero: no alarm
    if (instant) {
      const auto since_boot = std::max(instant->time_since_epoch(), BootClock::duration(1));
      const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
      alarm.it_value.tv_sec = seconds.count();
      alarm.it_value.tv_nsec = (since_boot - seconds).count();
    }
    ::timerfd_settime(descriptor(), TFD_TIMER_ABSTIME, &alarm, nullptr);
  }
  // Whether the timer has expired since the last set(); a timer that blocks waits for that, or for
  // a signal. Async-signal-safe.
  bool has_expired() const noexcept {
    std::uint64_t times = 0;
    return ::read(descriptor(), &times, sizeof times) > 0;
  }

 private:
  Descriptor descriptor_;
};

}  // namespace exclusive_lock
