#include "cli/output/wait_line.hpp"

#include <condition_variable>
#include <mutex>

#include "cli/duration.hpp"
#include "cli/output/record_text.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock::cli {
namespace {

constexpr Milliseconds before_first{200};
constexpr Milliseconds between{1000};

// False: a stop was requested.
bool pause(Milliseconds duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock guard(mutex);
  changed.wait_for(guard, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

std::string who(const ExclusiveLock& lock) {
  try {
    const auto record = lock.inspect();
    return record ? "held by " + holder_and_age_text(*record, std::chrono::system_clock::now())
                  : "free a moment ago";
  } catch (const StoreError&) {
    return "the store does not answer";  // passing trouble is waited out; the log tells the rest
  }
}

}  // namespace

WaitLine::WaitLine(ExclusiveLock& lock, std::string name, Talk& talk)
    : name_(std::move(name)),
      waiting_since_(BootClock::now()),
      talk_(talk),
      position_(std::make_shared<std::atomic<std::size_t>>(0)) {
  if (!talk.terminal().is_terminal()) {
    return;
  }
  lock.on_waiting(
      [position = position_](const WaitingEvent& event) { *position = event.position; });
  thread_ = std::jthread([this, &lock, &talk](const std::stop_token& stop) {
    for (bool goes_on = pause(before_first, stop); goes_on; goes_on = pause(between, stop)) {
      draw(lock, talk, stop);
    }
  });
}

void WaitLine::draw(const ExclusiveLock& lock, Talk& talk, const std::stop_token& stop) const {
  const std::string holder = who(lock);
  const auto waited = std::chrono::duration_cast<Milliseconds>(BootClock::now() - waiting_since_);
  // Milliseconds only for the first line.
  const Milliseconds told =
      waited < std::chrono::seconds(1) ? waited : std::chrono::floor<std::chrono::seconds>(waited);
  const std::size_t position = *position_;
  talk.show_status("waiting for " + shown(name_, 64) + ": " + holder + "; " +
                       (position == 0 ? "" : "place " + std::to_string(position) + " in line, ") +
                       "waited " + spoken(told),
                   stop);
}

void WaitLine::end() {
  thread_.request_stop();
  talk_.clear_status();
}

}  // namespace exclusive_lock::cli
