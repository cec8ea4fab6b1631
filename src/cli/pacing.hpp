#pragma once
// Pauses that a stop request ends, and reports at most once a minute.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "cli/duration.hpp"
#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::cli {

// False: a stop request ended the pause.
inline bool pause(Milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock guard(mutex);
  changed.wait_for(guard, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

// For messages that are reported when a condition begins, and then once a minute.
class EveryMinute {
 public:
  // True the first time, and then if the last true result is at least a minute old.
  [[nodiscard]] bool is_due(Instant now) {
    const bool is_due = !last_ || now - *last_ >= std::chrono::minutes(1);
    last_ = is_due ? now : *last_;
    return is_due;
  }

 private:
  std::optional<Instant> last_;
};

}  // namespace exclusive_lock::cli
