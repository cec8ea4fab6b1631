// Row k: what a pair costs the server. Row l: what a hand-over costs it: a waiter stands in line,
// the holder releases.
//
// Plain floors of k: plain_lock.hpp, without a fence ("plain") and with one ("fence only"). Of l:
// the list and publish of contender.hpp. Both sides are bytes that a bare hiredis client sends, so
// "ours" is the same-scripts floor of other rows.

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "contender.hpp"
#include "lockers.hpp"
#include "pairs.hpp"
#include "plain_lock.hpp"
#include "rows/rows.hpp"
#include "system_call.hpp"
#include "usage.hpp"

namespace exclusive_lock::bench {
namespace {

constexpr int lockers = 100;

// One way to lock: a pair for each locker, and which commands of it to count.
struct Kind {
  std::vector<FloorLock> locks;
  std::vector<std::string_view> commands;
};

Kind our_kind(FloorClient& client) {
  load_scripts(client);
  return {same_script_locks(lockers), {"evalsha"}};
}

Kind plain_kind(FloorClient& client) { return {plain_locks(client, lockers), {"set", "evalsha"}}; }

Kind fence_kind(FloorClient& client) {
  std::vector<FloorLock> locks;
  for (int i = 0; i < lockers; ++i) {
    locks.push_back(fence_only_lock(client, fmt::format("locker-{}", i)));
  }
  return {std::move(locks), {"evalsha"}};
}

void make_pair(std::uint16_t port, const Kind& kind, std::size_t locker) {
  FloorClient client(port);
  acquire_and_release(client, kind.locks[locker]);
}

void make_pair_in_a_process(std::uint16_t port, const Kind& kind, std::size_t locker) {
  const pid_t child = ::fork();
  if (child < 0) {
    throw_errno("fork");
  }
  if (child == 0) {
    try {
      make_pair(port, kind, locker);
      ::_exit(0);
    } catch (const std::exception&) {
      ::_exit(1);
    }
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) {
    throw std::runtime_error("a process did not acquire and release");
  }
}

class PairCosts {
 public:
  explicit PairCosts(Bench& bench)
      : bench_(bench), port_(bench.server().port()), server_(bench.server().client()) {}

  // One pair for each process: what the server needs for it is in no cache.
  double cold_us(const Kind& kind) {
    constexpr std::size_t pairs = 40;
    server_.must({"CONFIG", "RESETSTAT"});
    for (std::size_t i = 0; i < pairs; ++i) {
      make_pair_in_a_process(port_, kind, i);
    }
    return command_time_us(server_, kind.commands) / pairs;
  }

  struct Pipelined {
    double script_us;
    double cpu_us;
  };
  // With one command of each locker on the way.
  Pipelined pipelined(const Kind& kind) {
    PipelinedFloor floor(port_, kind.locks);
    server_.must({"CONFIG", "RESETSTAT"});
    const Seconds cpu_before = server_cpu_time(server_);
    const auto pairs = static_cast<double>(floor.run(bench_.effort().slice).pairs);
    return {.script_us = command_time_us(server_, kind.commands) / pairs,
            .cpu_us = (server_cpu_time(server_) - cpu_before).count() * 1e6 / pairs};
  }

 private:
  Bench& bench_;
  std::uint16_t port_;
  live::RawClient server_;
};

}  // namespace

void measure_pair_cost(Bench& bench) {
  FloorClient client(bench.server().port());
  PairCosts costs(bench);
  const Kind ours = our_kind(client);
  Measurement cold{.row = "k",
                   .what = "script time, one pair per process, / plain",
                   .unit = "us",
                   .goal = Goal{Aspect::over_plain, Bound::at_most, 4}};
  const Kind plain = plain_kind(client);
  bench.interleave(cold, {.ours = [&] { return costs.cold_us(ours); },
                          .plain = [&] { return costs.cold_us(plain); }});
  bench.tell(cold);
  const Kind fence = fence_kind(client);
  struct Other {
    std::string name;
    const Kind& kind;
    double limit;
  };
  for (const Other& other : {Other{"plain", plain, 3}, Other{"fence only", fence, 1.8}}) {
    Measurement script{.row = "k", .what = "script time, pipelined, / " + other.name, .unit = "us"};
    Measurement cpu{.row = "k",
                    .what = "server CPU per pair, pipelined, / " + other.name,
                    .unit = "us",
                    .goal = Goal{Aspect::over_plain, Bound::at_most, other.limit}};
    const auto note = [&](const Kind& kind, std::vector<double> Measurement::*side) {
      const auto cost = costs.pipelined(kind);
      (script.*side).push_back(cost.script_us);
      (cpu.*side).push_back(cost.cpu_us);
    };
    bench.take_turns(
        {[&] { note(ours, &Measurement::ours); }, [&] { note(other.kind, &Measurement::plain); }});
    bench.tell(script);
    bench.tell(cpu);
  }
}

namespace {

// Two clients that take turns at one lock, each time waiting for the other.
struct Cycle {
  std::array<std::string, 2> wait;
  std::array<std::string, 2> release;
};

class HandOverCosts {
 public:
  explicit HandOverCosts(Bench& bench)
      : bench_(bench),
        server_(bench.server().client()),
        client_(bench.server().port()),
        subscriber_(bench.server().port()) {
    load_scripts(client_);
    subscriber_.ask({"SUBSCRIBE", channel, "floor-0", "floor-1"});
    subscriber_.next();  // one reply for each channel
    subscriber_.next();
  }

  Cycle ours() {
    Cycle cycle;
    for (const std::size_t i : {0U, 1U}) {
      const FloorWaiter waiter = floor_waiter("cycle", fmt::format("client-{}", i), channel);
      cycle.wait[i] = waiter.acquire;
      cycle.release[i] = waiter.release;
    }
    return cycle;
  }

  Cycle floor() {
    const std::string join = client_.ask({"SCRIPT", "LOAD", join_script})->str;
    const std::string pass = client_.ask({"SCRIPT", "LOAD", pass_script})->str;
    Cycle cycle;
    for (const std::size_t i : {0U, 1U}) {
      const std::string name = fmt::format("{}:1", i);
      cycle.wait[i] = wire_bytes({"EVALSHA", join, "2", "{f}:lock", "{f}:queue", name});
      cycle.release[i] = wire_bytes({"EVALSHA", pass, "2", "{f}:lock", "{f}:queue", name});
    }
    return cycle;
  }

  // Per hand-over: standing in line and releasing.
  struct Cost {
    double script_us;
    double commands;
  };
  Cost of(const Cycle& cycle, ReplyCheck require_released) {
    client_.ask(cycle.wait[0]);
    server_.must({"CONFIG", "RESETSTAT"});
    double hand_overs = 0;
    std::size_t holder = 0;
    for (const Instant end = BootClock::now() + bench_.effort().slice; BootClock::now() < end;) {
      client_.ask(cycle.wait[1 - holder]);
      require_released(*client_.ask(cycle.release[holder]));
      subscriber_.next();  // none comes where nobody was in line
      holder = 1 - holder;
      ++hand_overs;
    }
    const Cost cost{.script_us = command_time_us(server_, {"evalsha"}) / hand_overs,
                    .commands = static_cast<double>(server_commands(server_)) / hand_overs};
    client_.ask(cycle.release[holder]);
    return cost;
  }

  // The heartbeat by which the next one learns that it has the lock.
  double confirmation_us() {
    constexpr int times = 1000;
    const FloorWaiter holder = floor_waiter("cycle", "client-0", channel);
    require_granted(*client_.ask(holder.acquire));
    server_.must({"CONFIG", "RESETSTAT"});
    for (int i = 0; i < times; ++i) {
      require_granted(*client_.ask(holder.heartbeat));
    }
    const double sum = command_time_us(server_, {"evalsha"});
    require_released(*client_.ask(holder.release));
    return sum / times;
  }

 private:
  static constexpr const char* channel = "exclusive-lock:push:of-the-floor";

  Bench& bench_;
  live::RawClient server_;
  FloorClient client_;
  FloorClient subscriber_;
};

}  // namespace

void measure_hand_over_cost(Bench& bench) {
  HandOverCosts costs(bench);
  Measurement scripts{.row = "l",
                      .what = "script time of a hand-over, / list and publish",
                      .unit = "us",
                      .goal = Goal{Aspect::over_plain, Bound::at_most, 2.2}};
  Measurement commands{.row = "l",
                       .what = "server commands of a hand-over",
                       .unit = "commands",
                       .goal = Goal{Aspect::ours, Bound::at_most, 14}};
  Measurement confirmation{
      .row = "l", .what = "script time of the heartbeat that confirms it", .unit = "us"};
  const auto note = [&](const HandOverCosts::Cost& cost, std::vector<double> Measurement::*side) {
    (scripts.*side).push_back(cost.script_us);
    (commands.*side).push_back(cost.commands);
  };
  const Cycle ours = costs.ours();
  const Cycle floor = costs.floor();
  bench.take_turns({[&] {
                      note(costs.of(ours, require_released), &Measurement::ours);
                      confirmation.ours.push_back(costs.confirmation_us());
                    },
                    [&] { note(costs.of(floor, require_positive), &Measurement::plain); }});
  for (const Measurement& line : {scripts, commands, confirmation}) {
    bench.tell(line);
  }
}

}  // namespace exclusive_lock::bench
