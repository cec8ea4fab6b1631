#pragma once
// Durations and deadlines of any kind, in the units of this library, without overflow.
//
// std::chrono converts and subtracts without looking: hours::max() in milliseconds, a deadline
// minus a clock's reading, unsigned ticks below zero, and NaN all give some number or undefined
// behaviour. Every duration and instant that comes from outside passes through here first. All of
// it is arithmetic: any thread, no system call, no error.

#include <chrono>
#include <limits>
#include <ratio>
#include <type_traits>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

// `time` in ticks of `To` (a duration of a signed integer), rounded up. What is out of range
// becomes the end of the range that is nearer, infinity included; NaN becomes To::min().
template <class To, class Rep, class Period>
constexpr To saturated(const std::chrono::duration<Rep, Period>& time) {
  using Ticks = typename To::rep;
  using Factor = std::ratio_divide<Period, typename To::period>;
  // Holds every 64-bit integer exactly.
  const long double ticks = static_cast<long double>(time.count()) *
                            static_cast<long double>(Factor::num) /
                            static_cast<long double>(Factor::den);
  if (!(ticks > static_cast<long double>(std::numeric_limits<Ticks>::min())))
    return To::min();
  if (ticks >= static_cast<long double>(std::numeric_limits<Ticks>::max()))
    return To::max();
  const auto whole = static_cast<Ticks>(ticks);  // towards zero
  return To(static_cast<long double>(whole) < ticks ? whole + 1 : whole);
}

// `from` + `time`, at most Instant::max() and at least Instant::min().
template <class Rep, class Period>
constexpr Instant later(Instant from, const std::chrono::duration<Rep, Period>& time) {
  using std::chrono::nanoseconds;
  const auto since = from.time_since_epoch();
  const auto more = saturated<nanoseconds>(time);
  if (more > nanoseconds::zero() && since > nanoseconds::max() - more)
    return Instant::max();
  if (more < nanoseconds::zero() && since < nanoseconds::min() - more)
    return Instant::min();
  return from + more;
}

// What is left at `now` of the time until `deadline`; zero: nothing.
template <class Clock, class Duration, class NowDuration>
constexpr std::chrono::nanoseconds left_until(
    const std::chrono::time_point<Clock, Duration>& deadline,
    const std::chrono::time_point<Clock, NowDuration>& now) {
  using std::chrono::nanoseconds;
  const auto end = saturated<nanoseconds>(deadline.time_since_epoch());
  const auto begin = saturated<nanoseconds>(now.time_since_epoch());
  if (end <= begin)
    return nanoseconds::zero();
  if (end == nanoseconds::max() ||
      (begin < nanoseconds::zero() && end > nanoseconds::max() + begin))
    return nanoseconds::max();
  return end - begin;
}

// The deadline of something that may take `patience` from now on. Zero, less and NaN: now. What no
// clock will reach, infinity and the largest value of a type: Instant::max(), which is never.
template <class Rep, class Period>
Instant deadline_after(const std::chrono::duration<Rep, Period>& patience) {
  const auto time = saturated<std::chrono::nanoseconds>(patience);
  const Instant now = BootClock::now();
  return time > time.zero() ? later(now, time) : now;
}

// The same instant on our clock, as far off as it is on its own clock now: a clock that is set
// afterwards does not move it. What has passed on another clock is now.
template <class Clock, class Duration>
Instant deadline_at(const std::chrono::time_point<Clock, Duration>& deadline) {
  if constexpr (std::is_same_v<Clock, BootClock>)
    return Instant(saturated<Instant::duration>(deadline.time_since_epoch()));
  else
    return deadline_after(left_until(deadline, Clock::now()));
}

// A time among options, in milliseconds. Every duration converts to it, rounded up; one that does
// not fit becomes the nearer end of the range, which no option allows, and is refused with it.
class OptionMilliseconds : public std::chrono::milliseconds {
 public:
  constexpr OptionMilliseconds() : duration(0) {}
  constexpr explicit OptionMilliseconds(rep count) : duration(count) {}
  template <class Rep, class Period>
  constexpr OptionMilliseconds(const std::chrono::duration<Rep, Period>& time)
      : duration(saturated<std::chrono::milliseconds>(time)) {}
};

}  // namespace exclusive_lock
