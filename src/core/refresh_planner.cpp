#include "core/refresh_planner.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Shorter intervals are not planned: only tests and few locks have them.
constexpr Instant::duration min_planned_interval = 100ms;
// With few locks, a refresh is at most an eighth of its interval early.
constexpr std::size_t min_slots = 8;
// A slot takes this many although others are empty: a request costs as much as some fifty keys.
constexpr std::size_t worth_a_request = 64;
// A wake-up of the scheduler's thread costs some 10 us.
constexpr Instant::duration min_slot_width = 1ms;
// A refresh moves back by up to three quarters of an interval. The last quarter is left out, so
// that no hold is refreshed again at once.
constexpr std::size_t spread_part = 3;
constexpr std::size_t spread_of = 4;
// How many slots are tried. With one, the fullest slot gets twice its share; with four, hardly more
// than its share.
constexpr int max_tries = 4;
// How many moved refreshes in a row get the same slot. Locks that were acquired together are
// adjacent in memory; the server needs a quarter more time for them in random order.
constexpr std::size_t neighbours = 64;
// The fractional parts of the multiples of the golden ratio are evenly distributed in [0, 1), for
// any number of them (in 64 bits: D. Knuth, The Art of Computer Programming, vol. 3, 6.4).
constexpr std::uint64_t golden_ratio = 0x9E3779B97F4A7C15;

// A power of two, so that after a change of their number the old and the new slots share one grid.
std::size_t slots_for(std::size_t requests, Instant::duration interval) {
  const auto max = std::bit_floor(static_cast<std::size_t>(interval / min_slot_width));
  return std::clamp(std::bit_ceil(requests), min_slots, max);
}

}  // namespace

Instant RefreshPlanner::plan(Instant due, Instant::duration interval, Instant now) {
  forget_before(now);
  if (interval < min_planned_interval || due <= now)
    return due;
  const std::size_t slots = slots_for(total_ / (request_size_ * 4 / 5), interval);
  const Instant::duration width = interval / static_cast<Instant::rep>(slots);
  const std::size_t even_share = total_ / slots;
  const std::size_t capacity =
      std::max(even_share + even_share / 4, std::min(request_size_, worth_a_request));
  const Instant latest{due.time_since_epoch() / width * width};
  Instant slot = latest > now ? latest : due;
  if (planned_at(slot) >= capacity)
    slot = slot_of_the_last_move(
        {.latest = slot, .width = width, .count = slots * spread_part / spread_of}, capacity, now);
  ++slots_[slot];
  ++total_;
  return slot;
}

// The slot of the last moved refresh, for some in a row. It may be on the grid of another interval,
// but it is early enough for this refresh as well.
Instant RefreshPlanner::slot_of_the_last_move(const Window& window, std::size_t capacity,
                                              Instant now) {
  const Instant earliest = window.latest - static_cast<Instant::rep>(window.count) * window.width;
  const bool fits = last_moved_to_ > std::max(now, earliest) && last_moved_to_ <= window.latest &&
                    planned_at(last_moved_to_) < capacity;
  if (!fits || ++moved_in_a_row_ >= neighbours) {
    last_moved_to_ = slot_with_capacity(window, capacity, now);
    moved_in_a_row_ = 0;
  }
  return last_moved_to_;
}

// The emptiest of several earlier slots.
Instant RefreshPlanner::slot_with_capacity(const Window& window, std::size_t capacity,
                                           Instant now) {
  Instant best = window.latest;
  for (int tries = 0; tries < max_tries && planned_at(best) >= capacity; ++tries) {
    spread_ += golden_ratio;
    const std::size_t back = (spread_ >> 32U) * window.count >> 32U;
    const Instant slot = window.latest - static_cast<Instant::rep>(back) * window.width;
    if (slot > now && planned_at(slot) < planned_at(best))
      best = slot;
  }
  return best;
}

void RefreshPlanner::forget_before(Instant now) {
  while (!slots_.empty() && slots_.begin()->first < now) {
    total_ -= slots_.begin()->second;
    slots_.erase(slots_.begin());
  }
}

std::size_t RefreshPlanner::planned_at(Instant slot) const {
  const auto found = slots_.find(slot);
  return found == slots_.end() ? 0 : found->second;
}

}  // namespace exclusive_lock
