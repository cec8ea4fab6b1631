#pragma once
// Notices when a store's wall clock steps, or runs faster than G1 assumes (servers expire records
// by it).
//
// A reply that carries the store's time S to a request sent at B1 and answered at B2 says that the
// offset S - B lay in [S - B2, S - B1]. Two such intervals must overlap, give or take what the two
// clocks may drift apart meanwhile. Where they do not, one of the clocks was set, and ours cannot
// be: CLOCK_BOOTTIME is never set. Steps smaller than the round trip and the drift go unnoticed;
// the ttl's margin has to cover them.
//
// A clock that is slewed gains or loses at each reply. Two intervals that are some time apart bound
// its rate, and where they prove more than the usual drift, that is the rate to count with, until
// no replies have proved it for 8 to 16 s. Linux slews by a tenth at most (adjtimex(2)), so what
// would be faster was a step. The first reply after a slew began cannot distinguish it from a step,
// and counts as both.

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "core/protocol.hpp"
#include "core/safe_window.hpp"

namespace exclusive_lock {

class StoreClockWatch {
 public:
  // How far the store's clock jumped since the last reply, at least and at most; positive is
  // forward (records expire too early), negative is backward (they live too long).
  struct Step {
    std::chrono::microseconds least;
    std::chrono::microseconds most;
  };

  // None: nothing wrong. Replies may come in any order; one that was overtaken says nothing.
  std::optional<Step> observe(Instant requested_at, Instant replied_at, StoreTime store_time);
  // How much faster than ours the store's clock may run from now on.
  [[nodiscard]] Drift drift() const noexcept { return gains_.drift(); }

 private:
  struct Offset {
    std::chrono::microseconds least;
    std::chrono::microseconds most;
    Instant requested_at;
    Instant seen_at;
  };
  enum class Direction { gains, loses };
  [[nodiscard]] std::optional<Step> step_since(const Offset& before, const Offset& now) const;
  [[nodiscard]] Drift rate_until(const Offset& now, Direction direction) const;
  void keep(const Offset& now);

  // The largest rate of this window and of the one before it.
  class Proven {
   public:
    [[nodiscard]] Drift drift() const noexcept { return std::max(before_, lately_); }
    void prove(Drift rate) { lately_ = std::max(lately_, rate); }
    void begin_window() { before_ = std::exchange(lately_, usual_drift); }

   private:
    Drift before_ = usual_drift;
    Drift lately_ = usual_drift;
  };

  std::optional<Offset> last_;
  std::deque<Offset> kept_;  // some of the last seconds, none of before a step; the oldest first
  Instant window_began_{};
  Proven gains_;
  Proven loses_;
};

}  // namespace exclusive_lock
