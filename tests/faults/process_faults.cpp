// What happens to workers: stopped for longer than a ttl, killed, holding and waiting; forked,
// ended from inside, without descriptors, and suspended with their machine.

#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <system_error>

#include "faults/fault_kinds.hpp"

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;

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
    killed = fleet.await_long_holder(Fleet::veteran);
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

// A waiter that was stopped a moment before it is handed the lock, and killed when it has it: it
// never knew. False: it was not handed over in time.
bool kill_between_grant_and_knowing(Scene& scene) {
  Fleet& fleet = scene.fleet();
  const int waiter = fleet.living().back();
  if (!fleet.await_near_end(fleet.await_long_holder(waiter)) ||
      !fleet.try_stop(waiter, in_the_way(scene))) {
    return false;
  }
  const Instant give_up_at = BootClock::now() + fleet.options().ttl;
  bool is_granted = false;
  while (!is_granted && BootClock::now() < give_up_at) {
    const auto record = scene.record();
    is_granted = record && record->pid == fleet.pid(waiter) && !fleet.holds_open(waiter);
  }
  if (is_granted) {
    fleet.kill(waiter);
  } else {
    fleet.resume(waiter);
  }
  return is_granted;
}

void waiter_killed_with_its_grant(Scene& scene) {
  Fleet& fleet = scene.fleet();
  const int killed = fleet.living().back();
  fleet.suffer("kill -9 between a grant and its knowing", Data::kept, [&] {
    fleet.await("a grant to one that is stopped",
                [&] { return kill_between_grant_and_knowing(scene); });
  });
  fleet.await_turns();
  fleet.start_again(killed);
}

// Each worker forks in three of its holds; the child tries everything with the lock that is not its
// own (worker.cpp).
void holder_forks(Scene& scene) {
  Fleet& fleet = scene.fleet();
  fleet.suffer("forks of holders", Data::kept, [&] {
    for (int i = 0; i < 3; ++i) {
      for (const int worker : fleet.living()) {
        fleet.make_do(worker, "fork");
      }
    }
  });
}

// The same process has another program in it, which knows nothing of the hold.
void holder_execs(Scene& scene) {
  Fleet& fleet = scene.fleet();
  fleet.suffer("exec of a holder", Data::kept,
               [&] { fleet.make_do(fleet.living().back(), "exec"); });
}

void end_from_inside(Scene& scene, const std::string& deed) {
  Fleet& fleet = scene.fleet();
  const int ending = fleet.living().back();
  fleet.suffer("end of a holder by " + deed, Data::kept, [&] { fleet.make_end(ending, deed); });
  fleet.await_new_hold();
  fleet.start_again(ending);
}

void holder_aborts(Scene& scene) { end_from_inside(scene, "abort"); }
void holder_exits(Scene& scene) { end_from_inside(scene, "exit"); }
void holder_throws(Scene& scene) { end_from_inside(scene, "throw"); }

void limit_descriptors(pid_t pid, const rlimit& limit) {
  if (::prlimit(pid, RLIMIT_NOFILE, &limit, nullptr) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot limit a worker");
  }
}

// The workers have those that are open, and get no others: enough to go on, and not to connect.
void descriptors_used_up(Scene& scene) {
  Fleet& fleet = scene.fleet();
  fleet.await_turns();
  fleet.suffer("no descriptors left", Data::kept, [&] {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);  // theirs too
    for (const int worker : fleet.living()) {
      limit_descriptors(fleet.pid(worker), {.rlim_cur = 3, .rlim_max = before.rlim_max});
    }
    fleet.await_turns();
    if (!scene.is_local()) {
      const int holder = fleet.await_long_holder();
      scene.proxy().cut();
      fleet.await_loss(holder);
    }
    for (const int worker : fleet.living()) {
      limit_descriptors(fleet.pid(worker), before);
    }
  });
}

// The record says since when it is held by the wall clock of whoever wrote it, on a local store.
void await_record_since(Scene& scene, std::chrono::system_clock::duration from_now) {
  if (scene.is_local()) {
    scene.fleet().await("a record by the clock that was set", [&] {
      const auto record = scene.record();
      const auto offset = record && record->since
                              ? *record->since - std::chrono::system_clock::now() - from_now
                              : 1h;
      return offset > -1min && offset < 1min;
    });
  }
}

// All their deadlines are on another clock. On a local store it is set back only: fences that were
// taken by a clock that is set back later are above those of a store that is made anew.
void clocks_of_workers_set(Scene& scene) {
  Fleet& fleet = scene.fleet();
  const auto forward = scene.is_local() ? 0h : 1h;
  const auto set = [&](std::chrono::hours step) {
    fleet.await_long_holder();
    fleet.suffer("clocks of workers set", Data::kept, [&] { scene.clock_of_workers().step(step); });
    fleet.await_turns();
  };
  set(-1h);
  await_record_since(scene, -1h);
  set(1h + forward);
  set(-forward);
}

// Whoever believed before did not look at its lock as though nothing had been.
void expect_no_belief_over(const History& history, Instant suspended_at) {
  for (const Hold& hold : history.holds) {
    if (hold.believed_from < suspended_at && hold.believed_until > suspended_at) {
      throw std::runtime_error("worker " + std::to_string(hold.worker) +
                               " believed after a suspend for longer than the ttl");
    }
  }
}

// Time goes on, for the server too, and the workers do not. At once the record is gone, and so has
// to be the belief, by a clock that counts the time of a suspend.
void workers_suspended(Scene& scene) {
  Fleet& fleet = scene.fleet();
  const auto time = 10 * fleet.options().ttl;
  const int holder = fleet.await_long_holder();
  Instant suspended_at{};
  fleet.suffer("suspend of all workers", Data::kept, [&] {
    fleet.while_all_stand([&] {
      scene.clock_of_workers().suspend(time);
      if (!scene.is_local()) {
        scene.clock().step(time);
      }
      suspended_at = world_now();
    });
    fleet.await("the end of the hold", [&] { return !fleet.holds_open(holder); });
  });
  fleet.await_turns();
  expect_no_belief_over(fleet.history(), suspended_at);
}

}  // namespace

FaultKinds process_faults() {
  return {{"holder_stopped", holder_stopped},
          {"waiter_stopped", waiter_stopped},
          {"holder_killed", holder_killed},
          {"waiter_killed", waiter_killed},
          {"waiter_killed_with_its_grant", waiter_killed_with_its_grant},
          {"holder_forks", holder_forks},
          {"holder_execs", holder_execs},
          {"holder_aborts", holder_aborts},
          {"holder_exits", holder_exits},
          {"holder_throws", holder_throws},
          {"descriptors_used_up", descriptors_used_up},
          {"clocks_of_workers_set", clocks_of_workers_set},
          {"workers_suspended", workers_suspended}};
}

FaultKinds faults_of(const std::string& store) {
  FaultKinds kinds = process_faults();
  const auto add = [&kinds](const FaultKinds& more) {
    kinds.insert(kinds.end(), more.begin(), more.end());
  };
  if (store == "local") {
    add(local_faults());
  } else {
    add(server_faults());
    add(clock_faults());
    add(network_faults());
  }
  if (store == "keydb") {
    // It refuses a SET for want of replicas, but not one within a script (6.3.4).
    std::erase_if(kinds, [](const FaultKind& kind) { return kind.name == "replicas_missing"; });
  }
  return kinds;
}

}  // namespace exclusive_lock::faults
