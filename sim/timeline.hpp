#pragma once
// True time, which nobody in the simulation can read, and what happens when. One thread: an event
// runs to its end before the next one begins. Events of one instant run in the order in which they
// were made.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::sim {

class Timeline {
 public:
  [[nodiscard]] Instant now() const { return now_; }

  void at(Instant when, std::function<void()> event) {
    events_.push_back({std::max(when, now_), ++last_number_, std::move(event)});
    std::push_heap(events_.begin(), events_.end(), later);
  }
  void after(Instant::duration pause, std::function<void()> event) {
    at(now_ + pause, std::move(event));
  }

  // False, and nothing is done, where none is due by `limit`.
  bool run_next(Instant limit) {
    if (events_.empty() || events_.front().when > limit) {
      return false;
    }
    std::pop_heap(events_.begin(), events_.end(), later);
    const Event event = std::move(events_.back());
    events_.pop_back();
    now_ = event.when;
    event.run();
    return true;
  }
  // Nothing will happen any more.
  [[nodiscard]] bool is_over() const { return events_.empty(); }
  void pass_until(Instant when) { now_ = std::max(now_, when); }

 private:
  struct Event {
    Instant when;
    std::uint64_t number;
    std::function<void()> run;
  };
  static bool later(const Event& a, const Event& b) {
    return std::pair(a.when, a.number) > std::pair(b.when, b.number);
  }

  // Some minutes after boot: early enough to subtract from it, and not zero.
  Instant now_{std::chrono::minutes(10)};
  std::uint64_t last_number_ = 0;
  std::vector<Event> events_;
};

}  // namespace exclusive_lock::sim
