#include "sim/second_caller.hpp"

#include <utility>

namespace exclusive_lock::sim {

using namespace std::chrono_literals;

Nanoseconds SecondCaller::pause() {
  return process_.world().random.between(Nanoseconds(0), Nanoseconds(2 * ttl_));
}

void SecondCaller::rest() {
  ++turn_;
  operation_ = nullptr;
  process_.after(pause(), [this] { begin(); });
}

void SecondCaller::begin() {
  if (process_.world().is_closing) {
    is_done_ = true;
    return;
  }
  Random& random = process_.world().random;
  AcquireCall call{.mode = random.once_in(2) ? AcquireMode::as_mutex : AcquireMode::as_object};
  if (random.once_in(2)) {
    call.deadline = process_.now() + pause();
  }
  operation_ = lock_.acquire_beside(call, [this](bool acquired) { ended(acquired); });
  if (random.once_in(3)) {
    process_.after(pause(), [this, turn = turn_] {
      if (turn == turn_) {
        lock_.cancel_beside(operation_);
      }
    });
  }
}

void SecondCaller::ended(bool acquired) {
  ++turn_;
  if (!acquired) {
    rest();
    return;
  }
  const Nanoseconds holds = process_.world().random.between(0ns, 30ms);
  process_.after(holds, [this] {
    lock_.give_back(operation_);
    rest();
  });
}

}  // namespace exclusive_lock::sim
