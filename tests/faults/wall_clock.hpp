#pragma once
// The wall clock of a server, or of workers, that run, to be set (set_clock.cpp); and their
// CLOCK_BOOTTIME, which a suspend moves on.

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "faults/clock_file.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::faults {

class WallClock {
 public:
  WallClock();  // right; throws std::system_error
  ~WallClock();
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  // What a server that shall go by it has in its environment; and a program that has set_clock.cpp
  // in itself.
  [[nodiscard]] std::vector<std::string> environment() const;
  [[nodiscard]] std::string setting() const { return "FAULT_CLOCK_FILE=" + file_.string(); }

  // By how much, from where it is.
  void step(std::chrono::microseconds time) noexcept { shown_->offset_us += time.count(); }
  // CLOCK_BOOTTIME moves on by that much at once, and the wall clock does not. What they time on
  // the clock of the test and each other has to be done by world_now() (history.hpp).
  void suspend(std::chrono::microseconds time) noexcept { shown_->suspended_us += time.count(); }
  // It stands at what it shows now, and goes on with what it would show by then.
  void stand_still() noexcept;
  void go_on() noexcept { shown_->stands_at_us = 0; }
  // From now on it moves only when this is called again. Since 1970, not 0.
  void stand_at(std::chrono::microseconds time) noexcept { shown_->stands_at_us = time.count(); }

 private:
  live::TemporaryDirectory folder_;
  std::filesystem::path file_ = folder_.path() / "clock";
  ClockFile* shown_;
};

}  // namespace exclusive_lock::faults
