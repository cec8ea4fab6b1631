// Row g: one process holds 1,000 to 100,000 locks with a ttl of 3 s, refreshed each second over one
// connection. Same-scripts floor: hiredis refreshes 100 keys per script call, spread over the
// second; plain floor: one compare-and-PEXPIRE per key, 100 pipelined.

#include <fmt/format.h>

#include "contest.hpp"
#include "holding.hpp"
#include "rows/rows.hpp"
#include "usage.hpp"
#include "worker_process.hpp"

namespace exclusive_lock::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto take_limit = 60s;

// What the server may be kept from everybody else for.
constexpr auto max_script = 1ms;

struct Held {
  HoldingReport process;
  double server_cores;
  double long_scripts;  // that took longer
};

void watch_long_scripts(live::RawClient& server) {
  server.must({"CONFIG", "SET", "slowlog-log-slower-than",
               std::to_string(std::chrono::microseconds(max_script).count())});
  server.must({"CONFIG", "SET", "slowlog-max-len", "100000"});
  server.must({"SLOWLOG", "RESET"});
}

Held hold_many(Bench& bench, const char* side, int count, std::chrono::milliseconds length) {
  live::RawClient server = bench.server().client();
  server.must({"FLUSHALL"});
  const bool is_library = side == std::string_view(library_side);
  WorkerProcess worker(
      bench.programs().worker,
      {"hold", side, is_library ? bench.server().url() : std::to_string(bench.server().port()),
       std::to_string(count)});
  worker.expect("ready", BootClock::now() + take_limit);
  worker.tell("take");
  worker.expect("taken", BootClock::now() + take_limit);
  const Instant began = BootClock::now();
  const Seconds cpu_before = server_cpu_time(server);
  watch_long_scripts(server);
  worker.tell(fmt::format("hold {}", length.count()));
  const auto process = holding_report(worker.line(BootClock::now() + 2 * length + take_limit));
  const Seconds took = BootClock::now() - began;
  return {.process = process,
          .server_cores = (server_cpu_time(server) - cpu_before) / took,
          .long_scripts = static_cast<double>(server.integer({"SLOWLOG", "LEN"}))};
}

void measure_count(Bench& bench, int count) {
  const auto line = [count](const char* what, const char* unit, std::optional<Goal> goal) {
    return Measurement{.row = "g",
                       .what = fmt::format("{} locks: {}", count, what),
                       .unit = unit,
                       .goal = goal,
                       .series = what,
                       .at = static_cast<double>(count)};
  };
  Measurement lost = line("lost", "locks", Goal{Aspect::ours, Bound::at_most, 0});
  Measurement late =
      line("lateness of refreshes, p99", "ms", Goal{Aspect::ours, Bound::at_most, 100});
  Measurement cores = line("CPU of our process", "cores", Goal{Aspect::ours, Bound::at_most, 0.1});
  Measurement server =
      line("CPU of the server", "cores", Goal{Aspect::over_same_scripts, Bound::at_most, 1.2});
  Measurement long_scripts =
      line("scripts above 1 ms", "scripts", Goal{Aspect::ours, Bound::at_most, 0});
  Measurement memory = line("memory per lock", "bytes", Goal{Aspect::ours, Bound::at_most, 1024});
  Measurement busiest = line("requests in the busiest 50 ms", "even shares", std::nullopt);
  Measurement rate = line("refreshes", "1/s", std::nullopt);
  const auto note = [&](const Held& held, std::vector<double> Measurement::*side) {
    (lost.*side).push_back(held.process.lost);
    (late.*side).push_back(held.process.late_ms);
    (cores.*side).push_back(held.process.cores);
    (server.*side).push_back(held.server_cores);
    (long_scripts.*side).push_back(held.long_scripts);
    (busiest.*side).push_back(held.process.busiest);
    (rate.*side).push_back(held.process.refreshes_per_second);
  };
  const auto length = bench.is_quick() ? 1000ms : 3000ms;
  const auto ours = [&] {
    const Held held = hold_many(bench, library_side, count, length);
    note(held, &Measurement::ours);
    memory.ours.push_back(held.process.bytes_per_lock);
  };
  const auto same_scripts = [&] {
    note(hold_many(bench, scripts_side, count, length), &Measurement::same_scripts);
  };
  const auto plain = [&] {
    note(hold_many(bench, plain_side, count, length), &Measurement::plain);
  };
  if (bench.is_quick()) {
    ours();
    plain();
    same_scripts();
    lost.note = "one round only: taking and holding takes seconds";
  } else {
    bench.take_turns({ours, plain, same_scripts});
  }
  for (const Measurement& each : {lost, late, cores, server, long_scripts, memory, busiest, rate}) {
    bench.tell(each);
  }
}

}  // namespace

void measure_refresh(Bench& bench) {
  for (const int count : bench.of({.quick = {1'000, 10'000}, .full = {1'000, 10'000, 100'000}})) {
    measure_count(bench, count);
  }
}

}  // namespace exclusive_lock::bench
