#pragma once
// Pauses that a stop ends, and reports that are not made too often.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stop_token>

#include "cli/duration.hpp"
#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::cli {

// False: a stop was requested, and ended it.
inline bool pause(Milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock guard(mutex);
  changed.wait_for(guard, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

// For what is worth a line when it begins, and one a minute while it goes on.
class EveryMinute {
 public:
  // True the first time, and where the last time that it was true is a minute ago or more.
  [[nodiscard]] bool is_due(Instant now) {
    const bool is_due = !last_ || now - *last_ >= std::chrono::minutes(1);
    last_ = is_due ? now : *last_;
    return is_due;
  }

 private:
  std::optional<Instant> last_;
};

}  // namespace exclusive_lock::cli
