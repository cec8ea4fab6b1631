// Preloaded into a server (ld.so(8), LD_PRELOAD), or linked into a worker, sets its wall clock: the
// file that FAULT_CLOCK_FILE names says how (clock_file.hpp), and whoever writes something else
// there steps the clock while the server runs. CLOCK_MONOTONIC and its kin stay as they are, as
// they do when a clock is really set.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
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

// CLOCK_REALTIME as it is shown here.
timespec shown_now() {
  static const ClockFile* const file = map_file();
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

extern "C" {

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
    *time = shown_now();
    return 0;
  }
  return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
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
