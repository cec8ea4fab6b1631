#pragma once
// Waiting for what another thread, process or server does.

#include <chrono>
#include <thread>

namespace exclusive_lock::live {

// Asks once a millisecond. False: not within `max_wait`, which is long, since machines are
// slow.
template <class Condition>
bool comes_true(Condition condition, std::chrono::milliseconds max_wait = std::chrono::minutes(1)) {
  const auto give_up_at = std::chrono::steady_clock::now() + max_wait;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > give_up_at) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

}  // namespace exclusive_lock::live
