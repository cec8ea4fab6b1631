// Row m: what those cost who wait for one lock and do not get it. Row n: in what order the first
// attempts of a hundred new connections are granted.

#include <fmt/format.h>

#include <thread>

#include "contest.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "rows/rows.hpp"
#include "usage.hpp"

namespace exclusive_lock::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto settle_limit = 60s;

struct WaitingCost {
  double server_cores;
  double scripts_per_second;   // their heartbeats
  double requests_per_second;  // reads of the server: of one client what came together counts once
};

void wait_until_waiting(const ExclusiveLock& lock, std::size_t count) {
  const Instant deadline = BootClock::now() + settle_limit;
  for (auto record = lock.inspect(); !record || record->waiting < count; record = lock.inspect()) {
    if (BootClock::now() > deadline) {
      throw std::runtime_error(fmt::format("{} of {} were waiting after {} s",
                                           record ? record->waiting : 0, count,
                                           settle_limit.count()));
    }
    std::this_thread::sleep_for(20ms);
  }
}

// What a server does meanwhile.
WaitingCost watch(live::Server& server, std::chrono::milliseconds length) {
  live::RawClient client = server.client();
  const Instant began = BootClock::now();
  const Seconds cpu_before = server_cpu_time(client);
  client.must({"CONFIG", "RESETSTAT"});
  std::this_thread::sleep_for(length);
  const Seconds took = BootClock::now() - began;
  return {.server_cores = (server_cpu_time(client) - cpu_before) / took,
          .scripts_per_second = server_scripts(client) / took.count(),
          .requests_per_second = server_reads(client) / took.count()};
}

// On a server of its own, so that nothing else is counted.
WaitingCost waiting_cost(Bench& bench, int processes, int clients_of_each) {
  live::Server server({.arguments = {"--maxclients", "10000"}});
  ExclusiveLock holder({.app_name = waited_for, .cache_connection = connect(server.url())});
  if (!holder.acquire()) {
    throw std::runtime_error("an uncontended lock was not acquired");
  }
  std::vector<WorkerProcess> workers;
  for (int i = 0; i < processes; ++i) {
    workers.emplace_back(bench.programs().worker,
                         std::vector<std::string>{"wait", library_side, server.url(),
                                                  std::to_string(clients_of_each)});
  }
  wait_until_waiting(holder, static_cast<std::size_t>(processes * clients_of_each));
  std::this_thread::sleep_for(500ms);  // what is done once, after the last one came
  return watch(server, 8000ms);
}

}  // namespace

void measure_waiting(Bench& bench) {
  constexpr int apart = 24;
  const WaitingCost cost_apart = waiting_cost(bench, apart, 1);
  bench.tell({.row = "m",
              .what = "script calls of each of 24 waiters in 24 processes",
              .unit = "1/s",
              .ours = {cost_apart.scripts_per_second / apart},
              .goal = Goal{Aspect::ours, Bound::at_most, 0.4}});
  bench.tell({.row = "m",
              .what = "requests of each of them",
              .unit = "1/s",
              .ours = {cost_apart.requests_per_second / apart}});
  constexpr int processes = 10;
  for (const int waiters : bench.of({.quick = {1'000}, .full = {1'000, 10'000}})) {
    const WaitingCost cost = waiting_cost(bench, processes, waiters / processes);
    bench.tell({.row = "m",
                .what = fmt::format("server CPU, {} waiters in 10 processes", waiters),
                .unit = "cores",
                .ours = {cost.server_cores},
                .goal = Goal{Aspect::ours, Bound::at_most, 0.02}});
    bench.tell({.row = "m",
                .what = fmt::format("script calls, {} waiters in 10 processes", waiters),
                .unit = "1/s",
                .ours = {cost.scripts_per_second}});
  }
}

void measure_first_attempts(Bench& bench) {
  constexpr int clients = 100;
  const ContestRules rules{.length = 600ms, .hold = 1ms, .manners = Manners::again_at_once};
  Measurement line{
      .row = "n", .what = "100 threads with a new connection each: in order", .unit = "share"};
  const auto share = [&](const char* side, const std::string& place) {
    // As a server that has just started: it knows no script.
    bench.server().client().must({"FLUSHALL"});
    bench.server().client().must({"SCRIPT", "FLUSH"});
    Team team(bench.programs(), {.side = side, .place = place, .clients_of_each = clients});
    return team.play(rules).share_in_order_first;
  };
  const std::string port = std::to_string(bench.server().port());
  bench.interleave(line, {.ours = [&] { return share(library_apart_side, bench.server().url()); },
                          .plain = [&] { return share(queue_side, port); },
                          .same_scripts = [&] { return share(scripts_side, port); }});
  bench.tell(line);
}

}  // namespace exclusive_lock::bench
