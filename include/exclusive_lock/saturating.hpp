#pragma once
// Converts durations and deadlines of any type into the units of this library, without overflow.
//
// std::chrono does not check its conversions and subtractions: hours::max() in milliseconds, a
// deadline minus a clock's reading, unsigned ticks below zero, and NaN give a wrong number or
// undefined behaviour. Every duration and instant that a caller passes is therefore converted here.
// Any thread; no errors; only deadline_after() and deadline_at() read a clock.

#include <chrono>
#include <limits>
#include <ratio>
#include <type_traits>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

// `time` in ticks of `To` (a duration of a signed integer), rounded up. A value that is out of
// range, such as infinity, becomes the nearest value that is in range; NaN becomes To::min().
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

// `from` + `time`, limited to Instant::min() and Instant::max().
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

// The time from `now` until `deadline`; zero if the deadline has passed.
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

// Now + `timeout`. Zero, less and NaN: now. Infinity and the largest value of a type:
// Instant::max(), which means no limit.
template <class Rep, class Period>
Instant deadline_after(const std::chrono::duration<Rep, Period>& timeout) {
  const auto time = saturated<std::chrono::nanoseconds>(timeout);
  const Instant now = BootClock::now();
  return time > time.zero() ? later(now, time) : now;
}

// `deadline` on BootClock: now plus the time that is left on the other clock. A clock that is set
// afterwards does not move the result. A deadline that has passed becomes now.
template <class Clock, class Duration>
Instant deadline_at(const std::chrono::time_point<Clock, Duration>& deadline) {
  if constexpr (std::is_same_v<Clock, BootClock>)
    return Instant(saturated<Instant::duration>(deadline.time_since_epoch()));
  else
    return deadline_after(left_until(deadline, Clock::now()));
}

// The type of a duration in options, in milliseconds. Every duration converts to it, rounded up.
// One that does not fit becomes the nearest value, which no option allows, so the check of the
// options refuses it.
class OptionMilliseconds : public std::chrono::milliseconds {
 public:
  constexpr OptionMilliseconds() : duration(0) {}
  constexpr explicit OptionMilliseconds(rep count) : duration(count) {}
  template <class Rep, class Period>
  constexpr OptionMilliseconds(const std::chrono::duration<Rep, Period>& time)
      : duration(saturated<std::chrono::milliseconds>(time)) {}
};

}  // namespace exclusive_lock
