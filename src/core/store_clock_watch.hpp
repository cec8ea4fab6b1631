#pragma once
// Notices when a store's wall clock steps (G1 assumes that it does not: servers expire records by
// it).
//
// A reply that carries the store's time S to a request sent at B1 and answered at B2 says that the
// offset S - B lay in [S - B2, S - B1]. Two such intervals must overlap, give or take what the two
// clocks may drift apart meanwhile. Where they do not, one of the clocks was set, and ours cannot
// be: CLOCK_BOOTTIME is never set. Steps smaller than the round trip and the drift go unnoticed;
// the ttl's margin has to cover them.

#include <optional>

#include "core/protocol.hpp"

namespace exclusive_lock {

class StoreClockWatch {
 public:
  // How far the store's clock jumped since the last reply, at least and at most; positive is
  // forward (records expire too early), negative is backward (they live too long).
  struct Step {
    std::chrono::microseconds least;
    std::chrono::microseconds most;
  };

  // None: nothing wrong. Replies may come in any order.
  std::optional<Step> observe(Instant requested_at, Instant replied_at, StoreTime store_time);

 private:
  struct Offset {
    std::chrono::microseconds least;
    std::chrono::microseconds most;
    Instant requested_at;
    Instant seen_at;
  };
  std::optional<Offset> last_;
};

}  // namespace exclusive_lock
