// What happens to workers: stopped for longer than a ttl, killed, holding and waiting.

#include "faults/fault_kinds.hpp"

namespace exclusive_lock::faults {
namespace {

Fleet::InTheWay in_the_way(Scene& scene) {
  return [&scene] { return scene.is_blocked(); };
}

// G1, G2: somebody else follows within a ttl, and what the stopped one writes late is refused.
void holder_stopped(Scene& scene) {
  Fleet& fleet = scene.fleet();
  int stopped = 0;
  fleet.suffer("stop of the holder", Data::kept,
               [&] { stopped = fleet.stop_holder(in_the_way(scene)); });
  fleet.await_new_hold();
  fleet.await_turns();
  fleet.suffer("going on of the holder", Data::kept, [&] { fleet.resume(stopped); });
}

// G6: nobody waits for one who is not there.
void waiter_stopped(Scene& scene) {
  Fleet& fleet = scene.fleet();
  int stopped = 0;
  fleet.suffer("stop of a waiter", Data::kept,
               [&] { stopped = fleet.stop_waiter(in_the_way(scene)); });
  Fleet::pass(fleet.options().ttl * 3 / 2);
  fleet.await_turns();
  fleet.suffer("going on of a waiter", Data::kept, [&] { fleet.resume(stopped); });
}

void holder_killed(Scene& scene) {
  Fleet& fleet = scene.fleet();
  int killed = 0;
  fleet.suffer("kill -9 of the holder", Data::kept, [&] {
    killed = fleet.await_long_holder();
    fleet.kill(killed);
  });
  fleet.await_new_hold();
  fleet.start_again(killed);
}

void waiter_killed(Scene& scene) {
  Fleet& fleet = scene.fleet();
  int killed = 0;
  fleet.suffer("kill -9 of a waiter", Data::kept, [&] {
    killed = fleet.a_waiter();
    fleet.kill(killed);
  });
  fleet.await_turns();
  fleet.start_again(killed);
}

}  // namespace

FaultKinds process_faults() {
  return {{"holder_stopped", holder_stopped},
          {"waiter_stopped", waiter_stopped},
          {"holder_killed", holder_killed},
          {"waiter_killed", waiter_killed}};
}

FaultKinds faults_of(const std::string& store) {
  FaultKinds kinds = process_faults();
  if (store != "local") {
    for (const FaultKinds& more : {server_faults(), network_faults()}) {
      kinds.insert(kinds.end(), more.begin(), more.end());
    }
  }
  if (store == "keydb") {
    // It refuses a SET for want of replicas, but not one within a script (6.3.4).
    std::erase_if(kinds, [](const FaultKind& kind) { return kind.name == "replicas_missing"; });
  }
  return kinds;
}

}  // namespace exclusive_lock::faults
