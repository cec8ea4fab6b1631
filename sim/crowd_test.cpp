// Very many who wait for one lock: each is served once and alone, in order, whatever gets lost.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "sim/lock_driver.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

// All of them ask within a tenth of a second, for as long as it takes, and hold it for a
// millisecond.
class SimulatedCrowd : public testing::Test {
 protected:
  static constexpr std::size_t process_count = 10;

  SimulatedCrowd() {
    world_.scenario.pushes_lost_in_calm = 0;
    world_.scenario.sent_again_in_calm = 0;
    world_.scenario.releases_lost_in_calm = false;
  }

  void make(std::size_t waiters) {
    for (std::size_t i = 0; i < process_count; ++i) {
      processes_.push_back(
          std::make_unique<Process>(world_, i, std::string(1, static_cast<char>('A' + i))));
    }
    served_.assign(waiters, 0);
    for (std::size_t i = 0; i < waiters; ++i) {
      add_waiter(i, *processes_[i % process_count]);
    }
  }

  void add_waiter(std::size_t number, Process& process) {
    locks_.push_back(std::make_unique<LockDriver>(
        process,
        LockSettings{.key = "job",
                     .record_tail = R"(,"version":1})",
                     .ttl = 6s,
                     .refresh_interval = 2s,
                     .auto_refresh = true,
                     .detached = false,
                     .command_timeout = {}},
        LockDriver::User{.acquire_ended =
                             [this, number, &process](bool acquired) {
                               served_[number] += acquired ? 1 : 0;
                               process.after(1ms, [this, number] { locks_[number]->release(); });
                             },
                         .lost = [] {},
                         .released = [] {}}));
    process.after(world_.random.between(0ns, 100ms),
                  [this, number] { locks_[number]->acquire_until(std::nullopt); });
  }

  void pass(Nanoseconds time) {
    const Instant end = world_.timeline.now() + time;
    while (!world_.checkers.violation() && world_.timeline.run_next(end)) {
    }
    world_.timeline.pass_until(end);
  }

  void expect_no_violation() const {
    const auto& violation = world_.checkers.violation();
    EXPECT_FALSE(violation) << violation->checker << ": " << violation->what;
  }

  World world_{20261127, Mutant::none, false};
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<LockDriver>> locks_;
  std::vector<int> served_;
};

TEST_F(SimulatedCrowd, ThousandWaitersAreServedOnceEach) {
  world_.is_calm = true;
  world_.checkers.settled();
  make(1000);
  pass(60s);
  EXPECT_EQ(served_, std::vector(1000, 1));
  expect_no_violation();
  EXPECT_GE(world_.checkers.hand_overs(), 990U);
}

TEST_F(SimulatedCrowd, IsServedThoughMessagesAreLost) {
  world_.scenario.lost = 10;
  world_.scenario.pushes_lost = 40;
  make(200);
  pass(20min);
  EXPECT_EQ(served_, std::vector(200, 1));
  expect_no_violation();
}

// Its tenth of the waiters stands among the others.
TEST_F(SimulatedCrowd, IsServedThoughAProcessDies) {
  world_.is_calm = true;
  world_.checkers.settled();
  make(500);
  pass(300ms);
  processes_[3]->crash(Process::Death::unnoticed);
  pass(120s);
  for (std::size_t i = 0; i < served_.size(); ++i) {
    EXPECT_TRUE(served_[i] == 1 || i % process_count == 3) << i;
  }
  expect_no_violation();
}

}  // namespace
}  // namespace exclusive_lock::sim
