#pragma once
// When the refreshes of one connection are made: as many together as a request should have, evenly
// over the interval (DESIGN 3.6), and early rather than late.
//
// An interval is cut into slots, so many that each fills a request; what is planned for one
// slot is sent in one request. The slots lie on a fixed grid, one interval is a whole number of
// them, and so what once came together stays together. What finds its slot full, because many locks
// were acquired at once or many requests were late at once, goes into slots before it, all over the
// interval; what is early once is early in all later rounds, so a crowd is spread out after one.
//
// A plan that is given up (released, lost) is still counted until its slot has passed: the calendar
// errs to smaller requests for one interval.

#include <cstddef>
#include <cstdint>
#include <map>

#include "core/request_size.hpp"
#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

class RefreshCalendar {
 public:
  // When to make a refresh that is due at `due`, once an `interval`: not later, not in the past
  // unless it is due, and mostly early by less than an eighth of the interval.
  [[nodiscard]] Instant plan(Instant due, Instant::duration interval, Instant now);
  // From now on (request_size.hpp).
  void fill_requests_with(std::size_t keys) { request_size_ = keys; }
  // Counted from now on.
  [[nodiscard]] std::size_t planned() const noexcept { return total_; }

 private:
  struct Window {
    Instant latest;
    Instant::duration width;  // of a slot
    std::size_t count;        // of slots
  };
  void forget_before(Instant now);
  [[nodiscard]] Instant beside_the_last(const Window& window, std::size_t room, Instant now);
  [[nodiscard]] Instant with_room(const Window& window, std::size_t room, Instant now);
  [[nodiscard]] std::size_t planned_at(Instant slot) const;

  std::size_t request_size_ = RequestSize().keys();
  std::map<Instant, std::size_t> slots_;
  std::size_t total_ = 0;
  std::uint64_t spread_ = 0;
  Instant last_moved_to_{};  // from a slot that was full
  std::size_t moved_in_a_row_ = 0;
};

}  // namespace exclusive_lock
