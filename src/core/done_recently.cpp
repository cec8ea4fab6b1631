#include <algorithm>

#include "exclusive_lock/once.hpp"

namespace exclusive_lock {

std::chrono::milliseconds default_tolerance(OptionMilliseconds period) { return period / 10; }

bool is_done_recently(const LastDone& done, OptionMilliseconds period,
                      OptionMilliseconds tolerance) {
  using std::chrono::milliseconds;
  const milliseconds closed =
      std::max<milliseconds>(period, {}) - std::max<milliseconds>(tolerance, {});
  return -closed < done.age && done.age < closed;
}

}  // namespace exclusive_lock
