#pragma once
// A store whose queue is looked at from outside, on clocks that a test moves.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "live/local_requester.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {

inline LocalWish patient(WaitOptions wait_options = long_wait) {
  return {.wait_options = wait_options};
}

// A clock and a wall clock that a test moves.
class SetClock final : public ClockSource {
 public:
  [[nodiscard]] Instant now() const noexcept override { return now_.load(); }
  void pass(std::chrono::nanoseconds time) {
    now_ = now() + time;
    wall_us_ += std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  }
  [[nodiscard]] Machine machine(std::uint8_t boot = 1) {
    Machine machine = this_machine(*this);
    machine.boot.fill(boot);
    machine.wall_us = [this] { return wall_us_.load(); };
    return machine;
  }
  std::atomic<std::int64_t> wall_us_{1'700'000'000'000'000};

 private:
  std::atomic<Instant> now_{Instant(std::chrono::hours(1))};
};

class LocalQueueFixture : public testing::Test {
 protected:
  [[nodiscard]] std::int64_t number(std::string_view sql) const {
    return number_in(directory_.path(), sql);
  }
  [[nodiscard]] std::vector<std::filesystem::path> sockets() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_of(directory_.path()))) {
      if (entry.path().filename().string().starts_with("waiter-")) {
        found.push_back(entry.path());
      }
    }
    return found;
  }
  void expect_nobody_waits() const {
    EXPECT_EQ(number("SELECT count(*) FROM waiter"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM waiter_tail"), 0);
    EXPECT_EQ(number("SELECT count(*) FROM lock WHERE waiting <> 0"), 0);
  }

  SetClock clock_;
  TemporaryDirectory directory_;
  LocalRequester requester_{directory_.path(), clock_.machine()};
};

}  // namespace exclusive_lock::live
