// Durations and deadlines at the limits of their types: no conversion overflows.

#include "exclusive_lock/saturating.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <limits>

namespace exclusive_lock {
namespace {

using namespace std::chrono;  // NOLINT: durations of all kinds

constexpr auto max_ns = nanoseconds::max();
constexpr auto min_ns = nanoseconds::min();
using DoubleSeconds = duration<double>;
using FloatHours = duration<float, std::ratio<3600>>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class Duration>
constexpr nanoseconds ns(Duration time) {
  return saturated<nanoseconds>(time);
}

TEST(Saturated, WhatFitsIsExact) {
  EXPECT_EQ(ns(nanoseconds(max_ns.count() - 1)), nanoseconds(max_ns.count() - 1));
  EXPECT_EQ(ns(nanoseconds(min_ns.count() + 1)), nanoseconds(min_ns.count() + 1));
  EXPECT_EQ(ns(hours(2'500'000)), nanoseconds(9'000'000'000'000'000'000));
  EXPECT_EQ(ns(duration<std::int8_t>(-128)), seconds(-128));
  EXPECT_EQ(ns(duration<unsigned>(4'294'967'295U)), seconds(4'294'967'295));
  EXPECT_EQ(saturated<milliseconds>(milliseconds(9'007'199'254'740'993)).count(),
            9'007'199'254'740'993);
}

TEST(Saturated, IsRoundedUp) {
  EXPECT_EQ(saturated<milliseconds>(nanoseconds(1)), milliseconds(1));
  EXPECT_EQ(saturated<milliseconds>(nanoseconds(1'000'001)), milliseconds(2));
  EXPECT_EQ(saturated<milliseconds>(nanoseconds(-1'500'000)), milliseconds(-1));
  EXPECT_EQ(ns(DoubleSeconds(0.5e-9)), nanoseconds(1));
}

TEST(Saturated, WhatDoesNotFitIsTheNearerEnd) {
  EXPECT_EQ(ns(hours::max()), max_ns);
  EXPECT_EQ(ns(hours::min()), min_ns);
  EXPECT_EQ(ns(seconds::max()), max_ns);
  EXPECT_EQ(ns(seconds::min()), min_ns);
  EXPECT_EQ(ns(years::max()), max_ns);
  EXPECT_EQ(ns(duration<std::uint64_t>::max()), max_ns);
  EXPECT_EQ(ns(duration<std::uint64_t, std::nano>::max()), max_ns);
  EXPECT_EQ(ns(nanoseconds::max()), max_ns);
  EXPECT_EQ(ns(nanoseconds::min()), min_ns);
  EXPECT_EQ(saturated<milliseconds>(hours::max()), milliseconds::max());
  EXPECT_EQ(saturated<milliseconds>(hours::min()), milliseconds::min());
}

TEST(Saturated, FloatingPointHasItsOwnEnds) {
  EXPECT_EQ(ns(DoubleSeconds(infinity)), max_ns);
  EXPECT_EQ(ns(DoubleSeconds(-infinity)), min_ns);
  EXPECT_EQ(ns(DoubleSeconds(not_a_number)), min_ns);
  EXPECT_EQ(ns(DoubleSeconds::max()), max_ns);
  EXPECT_EQ(ns(DoubleSeconds::min()), min_ns) << "the lowest, not the smallest";
  EXPECT_EQ(ns(FloatHours::max()), max_ns);
  EXPECT_EQ(ns(DoubleSeconds(1.5)), milliseconds(1500));
  EXPECT_EQ(ns(duration<long double, std::femto>(1e9L)), microseconds(1));
}

TEST(Saturated, IsAConstantExpression) {
  static_assert(ns(hours::max()) == max_ns);
  static_assert(saturated<milliseconds>(minutes(1)) == milliseconds(60'000));
  static_assert(later(Instant::max(), nanoseconds(1)) == Instant::max());
  static_assert(OptionMilliseconds(days(1)).count() == 86'400'000);
}

TEST(Later, StaysWithinTheClock) {
  EXPECT_EQ(later(Instant(hours(1)), seconds(1)), Instant(seconds(3601)));
  EXPECT_EQ(later(Instant(hours(1)), seconds(-1)), Instant(seconds(3599)));
  EXPECT_EQ(later(Instant(hours(1)), hours::max()), Instant::max());
  EXPECT_EQ(later(Instant(hours(1)), max_ns), Instant::max());
  EXPECT_EQ(later(Instant(hours(-1)), min_ns), Instant::min());
  EXPECT_EQ(later(Instant::min(), max_ns), Instant(nanoseconds(-1)));
  EXPECT_EQ(later(Instant::max(), min_ns), Instant(nanoseconds(-1)));
}

template <class Duration>
auto at(Duration since) {
  return time_point<system_clock, Duration>(since);
}

TEST(LeftUntil, ComparesBeforeItSubtracts) {
  const auto now = at(nanoseconds(hours(400'000)));
  EXPECT_EQ(left_until(at(hours(400'001)), now), hours(1));
  EXPECT_EQ(left_until(now, now), nanoseconds(0));
  EXPECT_EQ(left_until(at(hours(399'999)), now), nanoseconds(0));
  EXPECT_EQ(left_until(time_point<system_clock, nanoseconds>::min(), now), nanoseconds(0));
  EXPECT_EQ(left_until(time_point<system_clock, hours>::min(), now), nanoseconds(0));
  EXPECT_EQ(left_until(at(duration<unsigned>(0)), now), nanoseconds(0));
  EXPECT_EQ(left_until(at(DoubleSeconds(not_a_number)), now), nanoseconds(0));
  EXPECT_EQ(left_until(at(DoubleSeconds(infinity)), now), max_ns);
  EXPECT_EQ(left_until(time_point<system_clock, hours>::max(), now), max_ns);
  EXPECT_EQ(left_until(at(nanoseconds(1)), at(min_ns)), max_ns);
}

template <class Duration>
void expect_now(Duration timeout) {
  const Instant before = BootClock::now();
  const Instant deadline = deadline_after(timeout);
  EXPECT_GE(deadline, before);
  EXPECT_LE(deadline, BootClock::now());
}

TEST(DeadlineAfter, WithoutTimeIsNow) {
  expect_now(seconds(0));
  expect_now(nanoseconds::min());
  expect_now(hours::min());
  expect_now(duration<std::int8_t>(-1));
  expect_now(duration<unsigned>(0));
  expect_now(DoubleSeconds(not_a_number));
  expect_now(DoubleSeconds(-infinity));
}

TEST(DeadlineAfter, WithoutALimitIsNever) {
  EXPECT_EQ(deadline_after(seconds::max()), Instant::max());
  EXPECT_EQ(deadline_after(hours::max()), Instant::max());
  EXPECT_EQ(deadline_after(milliseconds::max()), Instant::max());
  EXPECT_EQ(deadline_after(nanoseconds::max()), Instant::max());
  EXPECT_EQ(deadline_after(duration<std::uint64_t>::max()), Instant::max());
  EXPECT_EQ(deadline_after(DoubleSeconds(infinity)), Instant::max());
}

TEST(DeadlineAfter, IsThatMuchLater) {
  const Instant before = BootClock::now();
  const Instant deadline = deadline_after(duration<std::int8_t, std::ratio<3600>>(100));
  EXPECT_GE(deadline, before + hours(100));
  EXPECT_LE(deadline, BootClock::now() + hours(100));
}

TEST(DeadlineAt, OfOurClockIsTheSame) {
  EXPECT_EQ(deadline_at(Instant(seconds(5))), Instant(seconds(5)));
  EXPECT_EQ(deadline_at(Instant::max()), Instant::max());
  EXPECT_EQ(deadline_at(Instant::min()), Instant::min());
  using Hours = time_point<BootClock, hours>;
  EXPECT_EQ(deadline_at(Hours::max()), Instant::max());
  EXPECT_EQ(deadline_at(Hours::min()), Instant::min());
}

// A clock of a user that counts in unsigned ticks.
struct UnsignedClock {
  using duration = std::chrono::duration<unsigned, std::milli>;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<UnsignedClock>;
  static constexpr bool is_steady = false;
  static time_point now() { return time_point(duration(1'000'000)); }
};

TEST(DeadlineAt, OfAnotherClockIsAsFarOff) {
  Instant before = BootClock::now();
  for (const Instant past :
       {deadline_at(UnsignedClock::time_point::min()), deadline_at(system_clock::time_point::min()),
        deadline_at(steady_clock::time_point::min())}) {
    EXPECT_GE(past, before);
    EXPECT_LE(past, BootClock::now());
  }
  EXPECT_GE(deadline_at(system_clock::now() + hours(1)), before + minutes(59));
  before = BootClock::now();
  EXPECT_GE(deadline_at(UnsignedClock::now() + seconds(1)), before + seconds(1));
  EXPECT_EQ(deadline_at(time_point<steady_clock, hours>::max()), Instant::max());
}

}  // namespace
}  // namespace exclusive_lock
