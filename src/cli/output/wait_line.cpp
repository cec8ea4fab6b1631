#include "cli/output/wait_line.hpp"

#include "cli/duration.hpp"
#include "cli/output/record_text.hpp"
#include "cli/pacing.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {
namespace {

std::string holder_status(const ExclusiveLock& lock) {
  try {
    const auto record = lock.inspect();
    return record ? "held by " + holder_and_age_text(*record, std::chrono::system_clock::now())
                  : "free a moment ago";
  } catch (const StoreError&) {
    return "the store does not answer";  // the wait continues; the log has the details
  }
}

}  // namespace

WaitLine::WaitLine(ExclusiveLock& lock, std::string name, std::string store, Talk& talk, Pace pace)
    : name_(std::move(name)),
      store_(std::move(store)),
      waiting_since_(BootClock::now()),
      talk_(talk),
      position_(std::make_shared<std::atomic<std::size_t>>(0)) {
  lock.on_waiting(
      [position = position_](const WaitingEvent& event) { *position = event.position; });
  thread_ =
      std::jthread([this, &lock, pace](const std::stop_token& stop) { work(lock, pace, stop); });
}

void WaitLine::work(const ExclusiveLock& lock, Pace pace, const std::stop_token& stop) const {
  const bool draws = talk_.terminal().is_terminal();
  const Milliseconds between = draws ? pace.between_drawings : pace.between_lines;
  bool goes_on = pause(pace.before_first, stop);
  // A line in a log is not redrawn, so it waits a moment until the store has reported the position.
  for (int i = 0; i < 20 && !draws && goes_on && *position_ == 0; ++i) {
    goes_on = pause(pace.before_first, stop);
  }
  for (; goes_on; goes_on = pause(between, stop)) {
    const std::string line = text(lock);
    if (draws) {
      talk_.show_status(line, stop);
    } else if (!stop.stop_requested()) {
      talk_.note(line);
    }
  }
}

std::string WaitLine::text(const ExclusiveLock& lock) const {
  const std::string holder = holder_status(lock);
  const auto waited = std::chrono::duration_cast<Milliseconds>(BootClock::now() - waiting_since_);
  // Shows milliseconds in the first line only.
  const Milliseconds shown_wait =
      waited < std::chrono::seconds(1) ? waited : std::chrono::floor<std::chrono::seconds>(waited);
  const std::size_t position = *position_;
  return "waiting for " + shown(name_, 64) + ": " + holder + "; " +
         (position == 0 ? "" : "place " + std::to_string(position) + " in line, ") + "waited " +
         duration_text(shown_wait) + "; store " + shown(store_);
}

void WaitLine::end() {
  thread_.request_stop();
  talk_.clear_status();
}

}  // namespace exclusive_lock::cli
