#pragma once
// The clocks that those in the simulation read. Rates differ by less than 1 %, as G1 assumes, or
// the store's is slewed, as fast as chrony does unless it is told otherwise.

#include <optional>

#include "os/clock.hpp"
#include "sim/timeline.hpp"
#include "stores/memory/memory_store.hpp"

namespace exclusive_lock::sim {

// How many millionths faster than true time a clock runs.
using Rate = std::int64_t;
inline constexpr Rate max_client_rate = 5'000;
inline constexpr Rate max_store_rate = 4'500;
inline constexpr Rate slew_rate = 83'333;

inline Instant::duration scaled(Instant::duration whole, Rate rate) {
  return whole + whole * rate / 1'000'000;
}

// CLOCK_BOOTTIME of a process's machine.
class ProcessClock final : public ClockSource {
 public:
  ProcessClock(const Timeline& timeline, Rate rate) : timeline_(timeline), rate_(rate) {}
  [[nodiscard]] Instant now() const noexcept override {
    return pretended_ ? *pretended_ : at(timeline_.now());
  }
  // What `look` returns, to which it is another time: for looks that are none of a user's, for the
  // end of a process, and for a mutant.
  template <class Look>
  auto seen_at(Instant pretended, Look look) {
    pretended_ = pretended;
    struct Back {
      ProcessClock& clock;
      ~Back() { clock.pretended_.reset(); }
    } const back{*this};
    return look();
  }
  [[nodiscard]] Instant at(Instant truly) const noexcept {
    return Instant(scaled(truly.time_since_epoch(), rate_)) - stood_still_;
  }
  // The earliest true instant at which the clock shows `shown` or more, if it never stands still.
  [[nodiscard]] Instant truly(Instant shown) const {
    const auto run = (shown + stood_still_).time_since_epoch();
    Instant guess(run - run * rate_ / (1'000'000 + rate_));
    while (at(guess) < shown) {
      guess += Instant::duration(1);
    }
    return guess;
  }
  // No clock of ours does: for a mutant.
  void stand_still(Instant::duration pause) { stood_still_ += pause; }

 private:
  const Timeline& timeline_;
  Rate rate_;
  Instant::duration stood_still_{};
  std::optional<Instant> pretended_;
};

// The clock of whoever asks the store just now: not_after is written in it.
class RequestersClock final : public ClockSource {
 public:
  explicit RequestersClock(const Timeline& timeline) : timeline_(timeline) {}
  [[nodiscard]] Instant now() const noexcept override {
    return requester_ == nullptr ? timeline_.now() : requester_->now() - lag_;
  }
  void belongs_to(const ClockSource* requester) { requester_ = requester; }
  // No clock of ours does: for a mutant.
  void lag(Instant::duration by) { lag_ = by; }

 private:
  const Timeline& timeline_;
  const ClockSource* requester_ = nullptr;
  Instant::duration lag_{};
};

class StoreWallClock final : public WallClockSource {
 public:
  StoreWallClock(const Timeline& timeline, Rate rate) : timeline_(timeline), rate_(rate) {}
  [[nodiscard]] StoreTime now() const noexcept override {
    return offset_ +
           std::chrono::duration_cast<StoreTime>(scaled(timeline_.now().time_since_epoch(), rate_));
  }
  [[nodiscard]] Instant truly_after(Instant::duration by_this_clock) const {
    return timeline_.now() + by_this_clock - by_this_clock * rate_ / (1'000'000 + rate_);
  }
  void step(StoreTime by) { offset_ += by; }

 private:
  const Timeline& timeline_;
  Rate rate_;
  StoreTime offset_{1'700'000'000'000'000};  // in November 2023
};

}  // namespace exclusive_lock::sim
