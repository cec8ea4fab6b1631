#pragma once
// Detects that a store's wall clock, by which its records expire, steps or runs faster than G1
// assumes.
//
// A reply carries the store's time S. If its request was sent at B1 and the reply came at B2, the
// offset of the two clocks was in [S - B2, S - B1]. The intervals of two replies must overlap,
// apart from the drift of the clocks between them. If they do not, the store's clock was set: ours,
// CLOCK_BOOTTIME, is never set. A step that is smaller than the round trip and the drift is not
// detected; the margin of the ttl must cover it.
//
// A slewed clock gains or loses with each reply. Two intervals that are some time apart give bounds
// of its rate. If they prove more than the usual drift, that rate is used until no reply has proved
// it for 8 to 16 s. Linux slews by a tenth at most (adjtimex(2)), so a higher rate was a step. The
// first reply after the start of a slew cannot distinguish the two and counts as both.

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "core/protocol.hpp"
#include "core/safe_window.hpp"

namespace exclusive_lock {

class StoreClockWatch {
 public:
  // The bounds of the jump of the store's clock since the last reply. Positive is forward: records
  // expire too early. Negative is backward: they live too long.
  struct Step {
    std::chrono::microseconds least;
    std::chrono::microseconds most;
  };

  // None: no step. Replies may come in any order; one that was overtaken is ignored.
  std::optional<Step> observe(Instant requested_at, Instant replied_at, StoreTime store_time);
  // The rate by which the store's clock may be faster than ours from now on.
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
  std::deque<Offset> kept_;  // of the last seconds, from the oldest on; none from before a step
  Instant window_began_{};
  Proven gains_;
  Proven loses_;
};

}  // namespace exclusive_lock
