#pragma once
// Acquire and release, one pair after the other, by one caller.

#include <chrono>
#include <cstdint>
#include <functional>

#include "exclusive_lock/exclusive_lock.hpp"
#include "floor_lock.hpp"

namespace exclusive_lock::bench {

// Does it again and again for the time; the median of how long it took, in microseconds.
double median_us(std::chrono::milliseconds slice, const std::function<void()>& once);
// Of a PING, the median.
double round_trip_us(std::uint16_t port);

// Throw where a pair fails: a benchmark of refusals would be a fast one.
// With a pause before each call.
void acquire_and_release(ExclusiveLock& lock, std::chrono::microseconds pause = {});
void acquire_and_release(FloorClient& client, const FloorLock& lock);

}  // namespace exclusive_lock::bench
