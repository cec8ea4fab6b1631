#include "sim/environment.hpp"

#include <utility>

#include "sim/process.hpp"

namespace exclusive_lock::sim {

void SimulatedWaker::set(Instant when) {
  process_.at(when, [this, number = ++times_set_] {
    if (number == times_set_) {
      woken_();
    }
  });
}

// A thread may be late, but it keeps the order.
void SimulatedNotifier::post(std::function<void()> task) {
  tasks_.push_back(std::move(task));
  process_.after(Nanoseconds(0), [this] {
    const auto next = std::move(tasks_.front());
    tasks_.pop_front();
    next();
  });
}

}  // namespace exclusive_lock::sim
