#include "runtime/surroundings.hpp"

#include <chrono>

#include "runtime/notifier_thread.hpp"
#include "runtime/timer_thread.hpp"

namespace exclusive_lock {

namespace {

// A callback that takes longer is not waited for by the tokens of other locks.
constexpr std::chrono::milliseconds stop_callback_limit{1};

}  // namespace

Surroundings system_surroundings() {
  return {.clock = std::make_unique<SystemClockSource>(),
          .random = std::make_unique<SystemRandomSource>(),
          .waker = std::make_unique<TimerThread>(),
          .events = std::make_unique<NotifierThread>(),
          .losses = std::make_unique<NotifierThread>(stop_callback_limit)};
}

}  // namespace exclusive_lock
