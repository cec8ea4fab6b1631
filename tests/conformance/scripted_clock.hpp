#pragma once
// Clocks that stand still until a test moves them. Thread-safe.

#include <atomic>
#include <chrono>

#include "os/clock.hpp"
#include "stores/memory/memory_store.hpp"

namespace exclusive_lock::conformance {

class ScriptedClock final : public ClockSource {
 public:
  [[nodiscard]] Instant now() const noexcept override {
    return Instant(std::chrono::nanoseconds(now_ns_.load()));
  }
  void advance(std::chrono::nanoseconds by) noexcept { now_ns_ += by.count(); }

 private:
  // Some minutes after boot: early enough for a test to subtract from it, and not zero.
  std::atomic<std::int64_t> now_ns_{std::chrono::nanoseconds(std::chrono::minutes(10)).count()};
};

// A wall clock that runs with a ScriptedClock until it is stepped.
class ScriptedWallClock final : public WallClockSource {
 public:
  explicit ScriptedWallClock(const ScriptedClock& clock) : clock_(clock) {}

  [[nodiscard]] StoreTime now() const noexcept override {
    return StoreTime(offset_us_.load()) +
           std::chrono::duration_cast<StoreTime>(clock_.now().time_since_epoch());
  }
  void step(StoreTime by) noexcept { offset_us_ += by.count(); }

 private:
  const ScriptedClock& clock_;
  std::atomic<std::int64_t> offset_us_{1'700'000'000'000'000};  // in November 2023
};

}  // namespace exclusive_lock::conformance
