#include "runtime/surroundings.hpp"

#include "runtime/notifier_thread.hpp"
#include "runtime/timer_thread.hpp"

namespace exclusive_lock {

Surroundings system_surroundings() {
  return {.clock = std::make_unique<SystemClockSource>(),
          .random = std::make_unique<SystemRandomSource>(),
          .waker = std::make_unique<TimerThread>(),
          .events = std::make_unique<NotifierThread>(),
          .losses = std::make_unique<NotifierThread>()};
}

}  // namespace exclusive_lock
