#pragma once
// What time it is for the memory store: see make_memory_store().

#include <chrono>
#include <optional>

#include "os/clock.hpp"
#include "stores/memory/memory_store.hpp"

namespace exclusive_lock {

class StoreClock {
 public:
  StoreClock(const ClockSource& clock, const WallClockSource* wall) : clock_(clock), wall_(wall) {}

  // The clock of those who ask.
  [[nodiscard]] Instant requesters_now() const { return clock_.now(); }
  // The clock by which records expire.
  [[nodiscard]] Instant now() const {
    return wall_ == nullptr ? clock_.now() : Instant(wall_->now());
  }
  // What replies carry of it.
  [[nodiscard]] std::optional<StoreTime> reported() const {
    return wall_ == nullptr ? std::nullopt : std::optional(wall_->now());
  }
  // Since 1970.
  [[nodiscard]] StoreTime wall() const { return wall_ != nullptr ? wall_->now() : wall_time(); }

 private:
  const ClockSource& clock_;
  const WallClockSource* wall_;
};

}  // namespace exclusive_lock
