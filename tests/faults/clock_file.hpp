#pragma once
// What a process that has set_clock.cpp in it, preloaded or linked, reads from the file of its
// clock, as often as it asks what time it is. Zeroes are a clock that is right.

#include <atomic>
#include <chrono>
#include <cstdint>

namespace exclusive_lock::faults {

struct ClockFile {
  std::atomic<std::int64_t> offset_us;  // added to the time
  // Other than 0: the time does not run, and is this since 1970.
  std::atomic<std::int64_t> stands_at_us;
  // Added to CLOCK_BOOTTIME: for so long the machine was suspended, as far as the process knows.
  std::atomic<std::int64_t> suspended_us;
};

// How far the library's clock is ahead of the world's, in a program that set_clock.cpp is part of.
std::chrono::microseconds shown_suspension() noexcept;

static_assert(std::atomic<std::int64_t>::is_always_lock_free, "two processes share it");

}  // namespace exclusive_lock::faults
