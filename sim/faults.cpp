#include "sim/faults.hpp"

#include <utility>

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t max_processes = 6;  // in one run, the dead included

std::string in_ms(Nanoseconds time) {
  return std::to_string(std::chrono::round<Milliseconds>(time).count()) + " ms";
}

}  // namespace

Faults::Faults(World& world, const std::vector<std::unique_ptr<Process>>& processes,
               std::function<void()> start_process)
    : world_(world), processes_(processes), start_process_(std::move(start_process)) {}

void Faults::begin() {
  world_.server.when_passed_over([this](const Owner& owner) {
    for (const auto& process : processes_) {
      if (!process->is_gone() && process->object(owner.id)) {
        process->link().hear_all_the_same(owner);
      }
    }
  });
  if (world_.scenario.fault_pause > 0ns) {
    plan_next();
  }
}

void Faults::plan_next() {
  world_.timeline.after(world_.random.between(0ns, 2 * world_.scenario.fault_pause), [this] {
    if (!world_.is_calm) {
      strike();
      plan_next();
    }
  });
}

void Faults::calm() {
  say("all is calm from now on");
  world_.is_calm = true;
  world_.server.come_up();
  world_.server.be_well();
  for (const auto& process : processes_) {
    process->link().heal();
    process->resume();
    process->link().notice_left_behind();
    if (!process->link().pushes_grants()) {
      process->link().subscribe();
    }
  }
}

void Faults::strike() {
  if (world_.random.percent(65)) {
    if (Process* process = somebody()) {
      strike_process(*process);
    }
  } else {
    strike_server();
  }
}

Process* Faults::somebody() {
  Process* process = processes_[world_.random.below(processes_.size())].get();
  return process->is_gone() ? nullptr : process;
}

void Faults::strike_process(Process& process) {
  Random& random = world_.random;
  switch (random.below(5)) {
    case 0: {
      const Nanoseconds pause =
          random.once_in(2) ? random.between(1ms, 100ms) : random.between(100ms, 2000ms);
      say(process.name() + " is paused for " + in_ms(pause));
      process.pause();
      world_.timeline.after(pause, [this, &process] {
        say(process.name() + " goes on");
        process.resume();
      });
      break;
    }
    case 1: {
      const Nanoseconds cut = random.between(10ms, 1500ms);
      say(process.name() + " is cut off for " + in_ms(cut));
      process.link().cut_off();
      world_.timeline.after(cut, [&process] { process.link().heal(); });
      break;
    }
    case 2: {
      say(process.name() + " loses its subscription");
      process.link().lose_subscription();
      world_.timeline.after(random.between(5ms, 1000ms),
                            [&process] { process.link().subscribe(); });
      break;
    }
    case 3: {
      say(process.name() + "'s subscription is left behind at a former master");
      process.link().leave_subscription_behind();
      world_.timeline.after(random.between(5ms, 1000ms),
                            [&process] { process.link().notice_left_behind(); });
      break;
    }
    default: {
      if (processes_.size() >= max_processes) {
        return;
      }
      kill(process);
      world_.timeline.after(random.between(5ms, 1000ms), [this] {
        if (!world_.is_calm) {
          start_process_();
        }
      });
      break;
    }
  }
}

void Faults::kill(Process& process) {
  const bool is_noticed = !world_.random.once_in(3);
  say(process.name() + " is killed" + (is_noticed ? "" : ", and its machine with it"));
  process.crash(is_noticed ? Process::Death::noticed : Process::Death::unnoticed);
}

void Faults::strike_server() {
  Random& random = world_.random;
  if (random.once_in(4)) {
    const std::string& key = world_.scenario.keys[random.below(world_.scenario.keys.size())];
    say("another program takes " + key + " if it is free");
    const Milliseconds ttl(random.between(20, 800));
    world_.server.receive([this, key, ttl] { world_.server.plant_if_free(key, ttl); });
    return;
  }
  if (random.once_in(4)) {
    hold_server_up();
    return;
  }
  switch (world_.scenario.store_failure) {
    case Scenario::StoreFailure::none:
    case Scenario::StoreFailure::slew:  // from the start to the end
      restart_server(random.between(1ms, 1000ms));
      break;
    case Scenario::StoreFailure::data:
      strike_data();
      break;
    case Scenario::StoreFailure::clock: {
      const StoreTime step(random.between(-2'000'000, 2'000'000));
      say("the store's clock steps by " + std::to_string(step.count()) + " us");
      world_.server.step_clock(step);
      break;
    }
  }
}

void Faults::hold_server_up() {
  Random& random = world_.random;
  const Nanoseconds lasts = random.between(1ms, 1500ms);
  if (random.once_in(3)) {
    say("the server's memory is full for " + in_ms(lasts));
    world_.server.be_full(lasts);
    return;
  }
  if (random.once_in(3)) {
    say("the server takes no writes for " + in_ms(lasts));
    world_.server.take_no_writes(lasts);
    return;
  }
  if (random.once_in(2)) {
    say("the server stands still for " + in_ms(lasts));
    world_.server.stand_still(lasts);
    return;
  }
  const Nanoseconds each = random.between(100us, 10ms);
  say("the server is slow for " + in_ms(lasts));
  world_.server.be_slow(each, lasts);
}

void Faults::strike_data() {
  Random& random = world_.random;
  if (random.once_in(3)) {
    say("the server restarts without data");
    world_.server.lose_data();
    restart_server(random.between(1ms, 500ms));
    return;
  }
  if (random.once_in(2)) {
    flush();
    return;
  }
  const Nanoseconds lag = random.between(1ms, 600ms);
  say("a replica falls behind, and is promoted in " + in_ms(lag));
  world_.server.lag_replica();
  world_.timeline.after(lag, [this] {
    if (!world_.is_calm) {
      say("the replica is promoted");
      world_.server.promote_replica();
      restart_server(world_.random.between(1ms, 200ms));
    }
  });
}

// As FLUSHALL: connections and subscriptions stay. It takes longer than there are grants at the
// instant before it, whose fences may be ahead of the clock (G2).
void Faults::flush() {
  world_.server.receive([this] {
    say("somebody flushes the server");
    world_.server.lose_data();
  });
  world_.server.stand_still(world_.random.between(100us, 10ms));
}

void Faults::restart_server(Nanoseconds outage) {
  say("the server is away for " + in_ms(outage));
  world_.server.go_down();
  for (const auto& process : processes_) {
    process->link().lose_subscription();
  }
  world_.timeline.after(outage, [this] {
    say("the server is back");
    world_.server.come_up();
    for (const auto& process : processes_) {
      const Nanoseconds pause = world_.is_calm ? 0ns : world_.random.between(1ms, 400ms);
      world_.timeline.after(pause, [process = process.get()] { process->link().subscribe(); });
    }
  });
}

void Faults::say(const std::string& text) {
  world_.trace.say({}, [&] { return "-- " + text; });
}

}  // namespace exclusive_lock::sim
