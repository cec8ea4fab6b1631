#include "core/refresh_calendar.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Intervals below it are not worth planning: there are tests, and a few locks in a hurry.
constexpr Instant::duration least_planned_interval = 100ms;
// So that few locks are not refreshed earlier by more than an eighth of their interval.
constexpr std::size_t least_slots = 8;
// So many go together although more slots are empty: a request costs us as much as some fifty keys.
constexpr std::size_t worth_a_request = 64;
// A waking of the scheduler's thread costs some 10 us.
constexpr Instant::duration least_slot = 1ms;
// Into which the rest of a full slot goes: three quarters of an interval. The last quarter is left
// out, so that nothing is refreshed again at once.
constexpr std::size_t spread_part = 3;
constexpr std::size_t spread_of = 4;
// Slots that are looked at. With one the fullest slot has twice its share, with four hardly more
// than that.
constexpr int most_looks = 4;
// So many in a row go from full slots into the same other one. What was acquired together lies side
// by side in the memory of both ends, and costs the server a quarter more where it is asked for in
// any order.
constexpr std::size_t neighbours = 64;
// Multiples of the golden ratio, without their whole parts, lie evenly in [0, 1) whatever their
// number (in 64 bits: D. Knuth, The Art of Computer Programming, vol. 3, 6.4).
constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15;

// A power of two, so that slots of before and after a change of their number lie in each other.
std::size_t slots_for(std::size_t requests, Instant::duration interval) {
  const auto most = std::bit_floor(static_cast<std::size_t>(interval / least_slot));
  return std::clamp(std::bit_ceil(requests), least_slots, most);
}

}  // namespace

Instant RefreshCalendar::plan(Instant due, Instant::duration interval, Instant now) {
  forget_before(now);
  if (interval < least_planned_interval || due <= now)
    return due;
  const std::size_t slots = slots_for(total_ / (request_size_ * 4 / 5), interval);
  const Instant::duration width = interval / static_cast<Instant::rep>(slots);
  const std::size_t even_share = total_ / slots;
  const std::size_t room =
      std::max(even_share + even_share / 4, std::min(request_size_, worth_a_request));
  const Instant latest{due.time_since_epoch() / width * width};
  Instant slot = latest > now ? latest : due;
  if (planned_at(slot) >= room)
    slot = beside_the_last(
        {.latest = slot, .width = width, .count = slots * spread_part / spread_of}, room, now);
  ++slots_[slot];
  ++total_;
  return slot;
}

// In the same slot as the one before it, for some in a row. Where intervals differ, that slot may
// lie on the grid of another one: it is early enough for this one all the same.
Instant RefreshCalendar::beside_the_last(const Window& window, std::size_t room, Instant now) {
  const Instant earliest = window.latest - static_cast<Instant::rep>(window.count) * window.width;
  const bool fits = last_moved_to_ > std::max(now, earliest) && last_moved_to_ <= window.latest &&
                    planned_at(last_moved_to_) < room;
  if (!fits || ++moved_in_a_row_ >= neighbours) {
    last_moved_to_ = with_room(window, room, now);
    moved_in_a_row_ = 0;
  }
  return last_moved_to_;
}

// The emptiest of some before it.
Instant RefreshCalendar::with_room(const Window& window, std::size_t room, Instant now) {
  Instant best = window.latest;
  for (int look = 0; look < most_looks && planned_at(best) >= room; ++look) {
    spread_ += golden_ratio;
    const std::size_t back = (spread_ >> 32U) * window.count >> 32U;
    const Instant slot = window.latest - static_cast<Instant::rep>(back) * window.width;
    if (slot > now && planned_at(slot) < planned_at(best))
      best = slot;
  }
  return best;
}

void RefreshCalendar::forget_before(Instant now) {
  while (!slots_.empty() && slots_.begin()->first < now) {
    total_ -= slots_.begin()->second;
    slots_.erase(slots_.begin());
  }
}

std::size_t RefreshCalendar::planned_at(Instant slot) const {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? 0 : found->second;
}

}  // namespace exclusive_lock
