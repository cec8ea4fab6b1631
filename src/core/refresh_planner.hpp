#pragma once
// Plans when the refreshes of one connection are sent: in full requests, evenly over the interval,
// and early rather than late (docs/decisions/0010-refresh-at-scale.md).
//
// An interval is divided into slots, of which each fills about one request: the refreshes of a slot
// are sent in one request. The slots are on a fixed grid and an interval is a whole number of
// slots, so refreshes that were sent together stay together. If a slot is full, because many locks
// were acquired or many requests were late at the same time, the refresh moves to an earlier slot
// somewhere in the interval. A refresh that was moved stays early in later rounds, so one round
// spreads a burst over the interval.
//
// The refresh of a hold that was released or lost still counts until its slot has passed, so
// requests may be smaller for one interval.

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/request_size.hpp"
#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

class RefreshPlanner {
 public:
  // The time for a refresh that is due at `due` and is repeated every `interval`: not later than
  // `due`, not in the past unless `due` is, and usually less than an eighth of the interval early.
  [[nodiscard]] Instant plan(Instant due, Instant::duration interval, Instant now);
  // Sets the number of keys of a full request (request_size.hpp).
  void fill_requests_with(std::size_t keys) { request_size_ = keys; }
  // The number of refreshes planned for the future.
  [[nodiscard]] std::size_t planned() const noexcept { return total_; }

 private:
  struct Window {
    Instant latest;
    Instant::duration width;  // of a slot
    std::size_t count;        // number of slots
  };
  void forget_before(Instant now);
  [[nodiscard]] Instant slot_of_the_last_move(const Window& window, std::size_t capacity,
                                              Instant now);
  [[nodiscard]] Instant slot_with_capacity(const Window& window, std::size_t capacity, Instant now);
  [[nodiscard]] std::size_t planned_at(Instant slot) const;

  std::size_t request_size_ = RequestSize().keys();
  std::map<Instant, std::size_t> slots_;
  std::size_t total_ = 0;
  std::uint64_t spread_ = 0;
  Instant last_moved_to_{};  // the slot of the last refresh that found its own one full
  std::size_t moved_in_a_row_ = 0;
};

}  // namespace exclusive_lock
