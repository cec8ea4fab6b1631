#pragma once
// Looks at some of the locks of a process as their refreshes are confirmed. A hundred events a
// second at most, so that looking does not become the work: with a handler on each of 100,000 locks
// the handlers would cost more than the refreshes.

#include <array>
#include <cstddef>
#include <mutex>
#include <vector>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/exclusive_lock.hpp"

namespace exclusive_lock::bench {

class RefreshWatch {
 public:
  static constexpr std::size_t max_watched = 100;

  struct Seen {
    std::size_t refreshes = 0;
    double late_ms_p99 = 0;
    double busiest = 0;  // as in HoldingReport
  };

  RefreshWatch(std::size_t locks, std::chrono::milliseconds ttl,
               std::chrono::milliseconds interval);

  // Before the lock is acquired. `place`: which of the locks it is.
  void watch(ExclusiveLock& lock, std::size_t place);
  // Of all locks, that are watched.
  [[nodiscard]] double share() const;

  void begin();
  Seen end();

 private:
  void refreshed(std::size_t watched, Instant safe_until);

  std::size_t locks_;
  std::size_t step_;
  std::chrono::milliseconds interval_;
  Instant::duration promise_;  // from the request of a refresh to safe_until

  std::mutex mutex_;
  std::vector<Instant> requested_at_;  // of each watched lock's last refresh
  bool is_noting_ = false;
  std::vector<double> late_ms_;
  std::array<std::size_t, 20> requests_in_slot_{};
};

}  // namespace exclusive_lock::bench
