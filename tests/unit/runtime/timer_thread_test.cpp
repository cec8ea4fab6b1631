#include "runtime/timer_thread.hpp"

#include <gtest/gtest.h>
#include <time.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <sstream>
#include <string>
#include <utility>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Of all timers that this process has, as the kernel says.
std::multiset<int> clocks_of_timers() {
  std::multiset<int> clocks;
  for (const auto& descriptor : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
    std::ifstream info(descriptor.path());
    for (std::string line; std::getline(info, line);) {
      int clock = 0;
      if (std::istringstream words(line);
          line.starts_with("clockid:") && words.ignore(sizeof("clockid:") - 1) && words >> clock)
        clocks.insert(clock);
    }
  }
  return clocks;
}

// So that after a suspend what is due meanwhile has an effect at once (G5). A test cannot suspend.
TEST(TimerThread, SleepsOnTheClockThatCountsSuspendedTime) {
  const auto before = clocks_of_timers();
  const TimerThread timer;
  EXPECT_EQ(clocks_of_timers().count(CLOCK_BOOTTIME), before.count(CLOCK_BOOTTIME) + 1);
}

TEST(TimerThread, WakesAtTheInstantThatWasSetLast) {
  TimerThread timer;
  std::promise<Instant> woken;
  timer.start([&, is_first = true]() mutable {
    if (std::exchange(is_first, false))
      woken.set_value(BootClock::now());
  });
  const Instant when = BootClock::now() + 20ms;
  timer.set(when + 1h);
  timer.set(when);
  auto future = woken.get_future();
  ASSERT_EQ(future.wait_for(20s), std::future_status::ready);
  EXPECT_GE(future.get(), when);
  timer.stop();
  timer.stop();
}

TEST(TimerThread, StopsBeforeItWasEverStarted) {
  TimerThread timer;
  timer.stop();
}

}  // namespace
}  // namespace exclusive_lock
