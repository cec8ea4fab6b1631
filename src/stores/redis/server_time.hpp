#pragma once
// From our clock to a server's, as far as replies tell. Arithmetic only.
//
// A reply that carries the server's time S to a request sent at B1 and answered at B2 says that the
// offset S - B lies in [S - B2, S - B1]. For `not_after` the largest possible offset counts: a
// limit that is a little late costs an orphan record a little longer life, one that is early would
// refuse requests that are in time. Every reply is such a bound, so the least one counts, widened
// by what the clocks may drift apart since. A reply that contradicts it tells that the server's
// clock was set forward: then what was learnt before is void.

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/protocol.hpp"

namespace exclusive_lock::redis {

// The latest that a server is believed. Times are counted in nanoseconds here, which go no further
// than to the year 2262; this leaves 90 years for the reading of our own clock.
inline constexpr StoreTime max_server_time = std::chrono::years(200);

class ServerTime {
 public:
  // How far two clocks may run apart, as in G1: 1 %.
  static constexpr std::int64_t drift_divisor = 100;

  // Replies may come in any order. `server_time` is from 0 to max_server_time.
  void observe(Instant requested_at, Instant replied_at, StoreTime server_time);
  // Another server may answer from now on.
  void forget() { largest_.reset(); }

  // The server's time in microseconds at which `instant` has passed for sure; 0: nothing is known.
  [[nodiscard]] std::int64_t latest_us(Instant instant) const;

 private:
  struct Offset {
    std::chrono::nanoseconds value;
    Instant seen_at;
  };
  [[nodiscard]] std::chrono::nanoseconds largest_at(Instant instant) const;

  std::optional<Offset> largest_;
};

}  // namespace exclusive_lock::redis
