// Preloaded into a server (ld.so(8), LD_PRELOAD), or linked into a worker, sets its wall clock: the
// file that FAULT_CLOCK_FILE names says how (clock_file.hpp), and whoever writes something else
// there steps the clock while the server runs. CLOCK_MONOTONIC and its kin stay as they are, as
// they do when a clock is really set. CLOCK_BOOTTIME moves on too where the file says that the
// machine was suspended, and timers on it with it: those that are due ring when somebody next asks
// what time it is.

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "faults/clock_file.hpp"

namespace {

using exclusive_lock::faults::ClockFile;

// Null: there is no such file, and the clock is right.
const ClockFile* map_file() {
  const char* path = std::getenv("FAULT_CLOCK_FILE");
  const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return nullptr;
  }
  void* memory = ::mmap(nullptr, sizeof(ClockFile), PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  return memory == MAP_FAILED ? nullptr : static_cast<const ClockFile*>(memory);
}

const ClockFile* clock_file() {
  static const ClockFile* const file = map_file();
  return file;
}

constexpr std::int64_t ns_per_us = 1000;
constexpr std::int64_t ns_per_s = 1'000'000'000;

timespec moved(timespec time, std::int64_t by_ns) {
  const std::int64_t ns = time.tv_sec * ns_per_s + time.tv_nsec + by_ns;
  return {.tv_sec = ns / ns_per_s, .tv_nsec = ns % ns_per_s};
}

std::int64_t suspended_ns() {
  const ClockFile* const file = clock_file();
  return file == nullptr ? 0 : file->suspended_us * ns_per_us;
}

// Not a std::mutex: a sanitizer would see it locked and not made.
class Turn {
 public:
  explicit Turn(std::atomic_flag& taken) : taken_(taken) {
    while (taken_.test_and_set()) {
      ::sched_yield();
    }
  }
  ~Turn() { taken_.clear(); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic_flag& taken_;
};

// The timers on CLOCK_BOOTTIME that this process has. The kernel rings them by its own clock.
class BootTimers {
 public:
  void made(int fd, clockid_t clock) {
    const Turn turn(taken_);
    for (Timer& timer : timers_) {
      if (timer.fd == fd) {
        timer = {};  // it was closed since
      }
    }
    for (Timer& timer : timers_) {
      if (clock == CLOCK_BOOTTIME && timer.fd < 0) {
        timer = {.fd = fd};
        return;
      }
    }
  }

  int set(int fd, int flags, const itimerspec* when, itimerspec* before) {
    const Turn turn(taken_);
    for (Timer& timer : timers_) {
      if (timer.fd == fd && (flags & TFD_TIMER_ABSTIME) != 0) {
        timer.when = *when;
        return wind(timer);
      }
    }
    return static_cast<int>(::syscall(SYS_timerfd_settime, fd, flags, when, before));
  }

  void follow(std::int64_t suspended) {
    if (suspended == followed_ns_) {
      return;
    }
    const Turn turn(taken_);
    if (followed_ns_.exchange(suspended) != suspended) {
      for (const Timer& timer : timers_) {
        if (timer.fd >= 0) {
          wind(timer);
        }
      }
    }
  }

 private:
  struct Timer {
    int fd = -1;
    itimerspec when{};  // as it was asked for; zeroes: not at all
  };

  static int wind(const Timer& timer) {
    itimerspec when = timer.when;
    if (when.it_value.tv_sec != 0 || when.it_value.tv_nsec != 0) {
      when.it_value = moved(when.it_value, -suspended_ns());
      if (when.it_value.tv_sec < 0 || when.it_value.tv_nsec < 0) {
        when.it_value = {.tv_sec = 0, .tv_nsec = 1};  // long past
      }
    }
    return static_cast<int>(
        ::syscall(SYS_timerfd_settime, timer.fd, TFD_TIMER_ABSTIME, &when, nullptr));
  }

  std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
  std::array<Timer, 16> timers_;
  std::atomic<std::int64_t> followed_ns_ = 0;
};

BootTimers& boot_timers() {
  static auto* const all = new BootTimers;
  return *all;
}

timespec shown_since_boot() {
  const std::int64_t suspended = suspended_ns();
  boot_timers().follow(suspended);
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_BOOTTIME, &now);
  return moved(now, suspended);
}

// CLOCK_REALTIME as it is shown here.
timespec shown_now() {
  const ClockFile* const file = clock_file();
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  if (file == nullptr) {
    return now;
  }
  constexpr std::int64_t us_per_s = 1'000'000;
  if (const std::int64_t us = file->stands_at_us; us != 0) {
    return {.tv_sec = us / us_per_s, .tv_nsec = us % us_per_s * 1000};
  }
  const std::int64_t us = now.tv_sec * us_per_s + now.tv_nsec / 1000 + file->offset_us;
  return {.tv_sec = us / us_per_s, .tv_nsec = us % us_per_s * 1000 + now.tv_nsec % 1000};
}

}  // namespace

std::chrono::microseconds exclusive_lock::faults::shown_suspension() noexcept {
  return std::chrono::microseconds(suspended_ns() / ns_per_us);
}

extern "C" {

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    *time = shown_now();
    return 0;
  }
  if (clock == CLOCK_BOOTTIME) {
    *time = shown_since_boot();
    return 0;
  }
  return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
}

__attribute__((visibility("default"))) int timerfd_create(int clock, int flags) noexcept {
  const int fd = static_cast<int>(::syscall(SYS_timerfd_create, clock, flags));
  if (fd >= 0) {
    boot_timers().made(fd, clock);
  }
  return fd;
}

__attribute__((visibility("default"))) int timerfd_settime(int fd, int flags,
                                                           const itimerspec* when,
                                                           itimerspec* before) noexcept {
  return boot_timers().set(fd, flags, when, before);
}

__attribute__((visibility("default"))) int gettimeofday(timeval* time, void*) noexcept {
  const timespec now = shown_now();
  *time = {.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return 0;
}

__attribute__((visibility("default"))) time_t time(time_t* into) noexcept {
  const time_t now = shown_now().tv_sec;
  if (into != nullptr) {
    *into = now;
  }
  return now;
}

}  // extern "C"
