// The planner of refreshes, over many intervals of simulated time.

#include "core/refresh_planner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace exclusive_lock::refresh_planner_test {
namespace {

using namespace std::chrono_literals;

constexpr Instant::duration interval = 1s;

// Many holds. Each is refreshed when the planner says, and planned again.
class Holds {
 public:
  explicit Holds(std::size_t request_size = RequestSize::most) {
    planner_.fill_requests_with(request_size);
  }

  // Adds holds whose first refresh is due at `due(number)`.
  template <class Due>
  void acquire(std::size_t count, Due due) {
    for (std::size_t number = 0; number < count; ++number)
      plan({.number = number, .due = due(number)}, now_);
  }

  // Runs until `end` and records how many were refreshed together, and when. Each round is handled
  // `late` after its time.
  std::map<Instant, std::size_t> run(Instant end, Instant::duration late = 0s) {
    std::map<Instant, std::size_t> rounds;
    while (!planned_.empty() && planned_.begin()->first < end) {
      const Instant slot = planned_.begin()->first;
      const std::vector<Refresh> together = planned_.begin()->second;
      planned_.erase(planned_.begin());
      now_ = std::max(now_, slot + late);
      for (const Refresh& refresh : together) {
        EXPECT_LE(slot, refresh.due);
        max_early_ = std::max(max_early_, refresh.due - slot);
        behind_its_neighbour_ += refresh.number == last_number_ + 1 ? 1 : 0;
        last_number_ = refresh.number;
        ++rounds[now_];
        plan({.number = refresh.number, .due = now_ + interval}, now_);
      }
    }
    return rounds;
  }

  [[nodiscard]] Instant::duration max_early() const { return max_early_; }
  [[nodiscard]] std::size_t planned() const { return planner_.planned(); }
  // How many holds were refreshed directly after the one that was acquired before them, since the
  // last call.
  std::size_t behind_their_neighbours() { return std::exchange(behind_its_neighbour_, 0); }

 private:
  struct Refresh {
    std::size_t number;
    Instant due;
  };
  void plan(const Refresh& refresh, Instant now) {
    planned_[planner_.plan(refresh.due, interval, now)].push_back(refresh);
  }

  RefreshPlanner planner_;
  Instant now_{1h};
  std::map<Instant, std::vector<Refresh>> planned_;
  Instant::duration max_early_{0};
  std::size_t last_number_ = 0;
  std::size_t behind_its_neighbour_ = 0;
};

constexpr Instant start{1h};

auto at_random(unsigned seed) {
  return [random = std::mt19937(seed)](std::size_t) mutable {
    return start + 1ms + std::chrono::microseconds(random() % 1'000'000);
  };
}

std::size_t largest(const std::map<Instant, std::size_t>& rounds) {
  return std::ranges::max_element(rounds, {}, [](const auto& each) { return each.second; })->second;
}

std::size_t sum(const std::map<Instant, std::size_t>& rounds) {
  std::size_t all = 0;
  for (const auto& [slot, count] : rounds)
    all += count;
  return all;
}

TEST(RefreshPlanner, OneHoldIsRefreshedOnceAnInterval) {
  Holds holds;
  holds.acquire(1, [](std::size_t) { return start + interval; });
  const auto rounds = holds.run(start + 100 * interval);
  EXPECT_LE(rounds.size(), 101U);
  EXPECT_GE(rounds.size(), 99U);
  EXPECT_LT(holds.max_early(), interval / 8);
}

// Any number of holds fills a good part of each request. After the first seconds, in which they are
// grouped, no hold is refreshed more than once per interval.
class RefreshPlannerOfMany : public testing::TestWithParam<std::size_t> {};

TEST_P(RefreshPlannerOfMany, GoodPartGoesTogetherEvenlySpread) {
  const std::size_t count = GetParam();
  Holds holds;
  holds.acquire(count, at_random(7));
  holds.run(start + 5 * interval, 50us);
  const auto rounds = holds.run(start + 15 * interval, 50us);
  const double per_interval = static_cast<double>(sum(rounds)) / 10;
  EXPECT_LT(per_interval, 1.02 * static_cast<double>(count));
  EXPECT_GT(per_interval, 0.98 * static_cast<double>(count));
  const double together = static_cast<double>(sum(rounds)) / static_cast<double>(rounds.size());
  EXPECT_GE(together, 40);
  EXPECT_LE(largest(rounds), RequestSize::most);
  EXPECT_LE(static_cast<double>(largest(rounds)), 3 * together);
}
INSTANTIATE_TEST_SUITE_P(Counts, RefreshPlannerOfMany,
                         testing::Values(1'000, 3'000, 10'000, 30'000, 100'000));

TEST(RefreshPlanner, CrowdOfOneInstantIsSpreadOut) {
  Holds holds;
  holds.acquire(10'000, [](std::size_t) { return start + interval; });
  holds.run(start + 3 * interval);
  const auto rounds = holds.run(start + 4 * interval);
  EXPECT_LE(largest(rounds), RequestSize::most);
  EXPECT_GE(rounds.size(), 10'000U / RequestSize::most);
  EXPECT_LE(holds.max_early(), interval * 13 / 16);
}

// Each request wakes up this process and the store.
TEST(RefreshPlanner, FewLocksTakeFewRequests) {
  Holds holds;
  holds.acquire(1'000, at_random(11));
  holds.run(start + 5 * interval);
  const auto rounds = holds.run(start + 6 * interval);
  EXPECT_LE(rounds.size(), 10U);
  EXPECT_LE(largest(rounds), 200U) << "and are spread all the same";
}

// Their memory is adjacent (docs/decisions/0010).
TEST(RefreshPlanner, WhatWasAcquiredInARowStaysTogether) {
  Holds holds;
  holds.acquire(50'000, [](std::size_t number) {  // 2.5 times the capacity
    return start + interval + std::chrono::microseconds(number * 8);
  });
  holds.run(start + 5 * interval, 50us);
  holds.behind_their_neighbours();
  const auto rounds = holds.run(start + 6 * interval, 50us);
  EXPECT_GE(holds.behind_their_neighbours(), sum(rounds) * 9 / 10);
}

TEST(RefreshPlanner, RoundsThatWereLateAreSpreadOutAgain) {
  Holds holds;
  holds.acquire(10'000, at_random(3));
  holds.run(start + 5 * interval);
  holds.run(start + 5 * interval + 1ms, 500ms);  // stopped for half a second
  holds.run(start + 15 * interval);
  EXPECT_LE(largest(holds.run(start + 16 * interval)), RequestSize::most);
}

TEST(RefreshPlanner, WhatIsDueOrInAHurryIsNotPlanned) {
  RefreshPlanner planner;
  EXPECT_EQ(planner.plan(start, interval, start), start);
  EXPECT_EQ(planner.plan(start - 1ns, interval, start), start - 1ns);
  EXPECT_EQ(planner.plan(start + 7ms, 50ms, start), start + 7ms);
  EXPECT_EQ(planner.planned(), 0U);
  EXPECT_GT(planner.plan(start + 1ns, interval, start), start);
}

TEST(RefreshPlanner, ForgetsWhatHasPassed) {
  RefreshPlanner planner;
  for (int i = 0; i < 1000; ++i)
    (void)planner.plan(start + interval, interval, start);
  EXPECT_EQ(planner.planned(), 1000U);
  (void)planner.plan(start + 3 * interval, interval, start + 2 * interval);
  EXPECT_EQ(planner.planned(), 1U);
}

TEST(RefreshPlanner, SmallerRequestsAreMoreOfThem) {
  Holds holds(32);
  holds.acquire(1000, at_random(5));
  holds.run(start + 5 * interval);
  EXPECT_LE(largest(holds.run(start + 6 * interval)), 40U);
}

TEST(RequestSize, HasStepsOfLessThanAMillisecond) {
  RequestSize size;
  EXPECT_EQ(size.keys(), 266U) << "before anything is known of the store";
  for (int i = 0; i < 100; ++i)
    size.answered(size.keys(), size.keys() * 20us);
  const auto step = size.keys() * 20us / RequestSize::steps;
  EXPECT_LE(step, RequestSize::limit / 2) << "one in a hundred takes twice as long";
  EXPECT_GE(step, RequestSize::limit / 4);
  for (int i = 0; i < 100; ++i)
    size.answered(size.keys(), 1s);
  EXPECT_EQ(size.keys(), RequestSize::min_keys);
  for (int i = 0; i < 200; ++i)
    size.answered(size.keys(), size.keys() * 1us);
  EXPECT_EQ(size.keys(), RequestSize::most);
}

TEST(RequestSize, FollowsTheFastRequestsOfABusyMachine) {
  RequestSize size;
  for (int i = 0; i < 1000; ++i)
    size.answered(100, i % 4 == 0 ? 400us : 3ms);
  EXPECT_GE(size.keys(), 120U);  // their average would give 68 keys
}

TEST(RequestSize, OneSlowRequestOrAFewKeysChangeLittle) {
  RequestSize size;
  size.answered(100, 2ms);
  EXPECT_GE(size.keys(), 240U);
  for (int i = 0; i < 100; ++i)
    size.answered(1, 1s);
  EXPECT_GE(size.keys(), 240U);
}

TEST(RefreshPlanner, LongIntervalsAreSpreadToo) {
  RefreshPlanner planner;
  std::map<Instant, std::size_t> slots;
  for (int i = 0; i < 2000; ++i)
    ++slots[planner.plan(start + 20min, 20min, start)];
  EXPECT_LE(largest(slots), 400U);
  EXPECT_GE(slots.begin()->first, start + 20min / 4 - 20min / 8);
}

}  // namespace
}  // namespace exclusive_lock::refresh_planner_test
