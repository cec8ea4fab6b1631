#pragma once
// Releases of one connection: sent at once, and tried again in the background until the store has
// answered or the record is gone by itself. Naming a ticket makes that safe however late it arrives
// (lock_machine.hpp).

#include <functional>

#include "runtime/random_source.hpp"
#include "runtime/scheduler.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

class Releaser {
 public:
  using FirstAnswer = std::function<void(const Answer<ReleaseReply>&)>;

  Releaser(Store& store, const ClockSource& clock, RandomSource& random, Scheduler& scheduler,
           Milliseconds command_timeout);

  // Any thread. `first_answer` is told how the first try ended; later tries are told to nobody.
  void release(const ReleaseRequest& request, Instant pointless_after,
               const FirstAnswer& first_answer);

 private:
  void attempt(const ReleaseRequest& request, Instant pointless_after, int failures,
               const FirstAnswer& first_answer);

  Store& store_;
  const ClockSource& clock_;
  RandomSource& random_;
  Scheduler& scheduler_;
  Milliseconds command_timeout_;
};

}  // namespace exclusive_lock
