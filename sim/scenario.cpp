#include "sim/scenario.hpp"

namespace exclusive_lock::sim {

using namespace std::chrono_literals;

namespace {

// From a copy, so that a seed without such a job means what it would without this.
Milliseconds drawn_period(const Random& random) {
  Random copy = random;
  Random aside(copy.next() ^ 0x6f6e636520706572U);
  return Milliseconds(aside.once_in(4) ? aside.between(300, 4000) : 0);
}

}  // namespace

Scenario::Scenario(Random& random)
    : store_rate(random.between(-max_store_rate, max_store_rate)),
      keys(random.once_in(3) ? std::vector<std::string>{"job", "task"}
                             : std::vector<std::string>{"job"}),
      processes(1 + random.below(3)),
      locks_per_process(1 + random.below(2)),
      objects_are_shared(random.once_in(3)),
      failure_lasts(random.between(2s, 6s)),
      lost(random.once_in(3) ? 0 : random.below(15)),
      late(random.once_in(3) ? 0 : random.below(10)),
      repeated(random.once_in(3) ? 0 : random.below(10)),
      pushes_lost(random.once_in(3) ? 0 : random.below(40)),
      pushes_late(random.once_in(3) ? 0 : random.below(40)),
      pushes_forged(random.once_in(3) ? 0 : random.below(30)),
      pushes_lost_in_calm(random.once_in(3) ? 1 + random.below(60) : 0),
      sent_again_in_calm(random.once_in(3) ? 1 + random.below(40) : 0),
      releases_lost_in_calm(random.once_in(3)),
      max_delay(random.between(500us, 40ms)),
      fault_pause(random.once_in(5) ? 0ns : random.between(100ms, 1500ms)),
      store_failure(static_cast<StoreFailure>(random.below(4))),
      period(drawn_period(random)) {
  if (store_failure == StoreFailure::slew) {
    store_rate += slew_rate;
  }
}

}  // namespace exclusive_lock::sim
