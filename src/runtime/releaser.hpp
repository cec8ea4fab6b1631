#pragma once
// Releases of one connection: sent at once, and tried again in the background until the store has
// answered or the record is gone by itself. Naming a ticket makes that safe however late it arrives
// (lock_machine.hpp).

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>

#include "runtime/environment.hpp"
#include "runtime/scheduler.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

class Releaser {
 public:
  using FirstAnswer = std::function<void(const Answer<ReleaseReply>&)>;

  Releaser(Store& store, const ClockSource& clock, RandomSource& random, Scheduler& scheduler,
           Milliseconds command_timeout);

  // Any thread. `first_answer` gets the result of the first try; those of later tries are
  // not reported.
  void release(const ReleaseRequest& request, Instant pointless_after, FirstAnswer first_answer);

  // Waits until every release has been answered or was given up, but not beyond one command
  // timeout. To be called before the store is closed, for what is not sent by then is left to the
  // ttl.
  void settle();

 private:
  void attempt(const ReleaseRequest& request, Instant pointless_after, int failures,
               FirstAnswer first_answer);
  void settled_one();

  Store& store_;
  const ClockSource& clock_;
  RandomSource& random_;
  Scheduler& scheduler_;
  Milliseconds command_timeout_;

  std::mutex mutex_;
  std::condition_variable settled_;
  std::size_t unsettled_ = 0;
};

}  // namespace exclusive_lock
