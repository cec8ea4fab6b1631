#include "exclusive_lock/once.hpp"

namespace exclusive_lock {

std::chrono::milliseconds default_tolerance(std::chrono::milliseconds period) {
  return period / 10;
}

bool is_done_recently(const LastDone& done, std::chrono::milliseconds period,
                      std::chrono::milliseconds tolerance) {
  const std::chrono::milliseconds closed = period - tolerance;
  return -closed < done.age && done.age < closed;
}

}  // namespace exclusive_lock
