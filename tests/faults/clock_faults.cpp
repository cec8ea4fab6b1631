// What happens to the wall clock of a server while workers use it.

#include <chrono>

#include "faults/fault_kinds.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;

// Every record expires at once. The clock stays where it is: fences that were taken by a clock that
// is set back later are above those of a server that has lost its data since (docs/guarantees.md,
// G2), and other faults may follow.
void clock_set_forward(Scene& scene) {
  scene.fleet().await_long_holder();
  scene.fleet().suffer("clock set forward", Data::lost, [&] { scene.clock().step(1h); });
}

// Records live longer, which their holders do not mind, and fences go on from their counter. When
// it is right again every record expires at once.
void clock_set_back(Scene& scene) {
  scene.fleet().await_long_holder();
  scene.fleet().suffer("clock set back", Data::kept, [&] { scene.clock().step(-1h); });
  scene.fleet().await_turns();
  scene.fleet().suffer("clock set right", Data::lost, [&] { scene.clock().step(1h); });
}

// Nothing expires, and nobody who lives needs that. When it goes on it steps forward.
void clock_stands_still(Scene& scene) {
  scene.fleet().await_long_holder();
  scene.fleet().suffer("clock that stands still", Data::kept, [&] {
    scene.clock().stand_still();
    Fleet::pass(scene.fleet().options().ttl * 3 / 2);
    scene.fleet().await_turns();
  });
  scene.fleet().suffer("clock that goes on", Data::lost, [&] { scene.clock().go_on(); });
}

}  // namespace

FaultKinds clock_faults() {
  return {{"clock_set_forward", clock_set_forward},
          {"clock_set_back", clock_set_back},
          {"clock_stands_still", clock_stands_still}};
}

}  // namespace exclusive_lock::faults
