// Row c: pairs per second of 1 to 1,000 lockers, each on a lock of its own, through one connection.
// Row d: CPU time of the client process for one pair.
//
// Floors of coroutines: hiredis on one thread, with one command of each locker on the way at any
// time. Floors of threads: as many threads over hiredis, each with a connection of its own.

#include <fmt/format.h>

#include "lockers.hpp"
#include "plain_lock.hpp"
#include "rows/rows.hpp"

namespace exclusive_lock::bench {
namespace {

// The goals are set for these; fewer lockers are for the plot.
constexpr int min_with_goal = 100;
constexpr int max_lockers = 1000;

void measure_threads(Bench& bench, int count, const std::vector<FloorLock>& plain_floor) {
  Measurement line{
      .row = "c", .what = fmt::format("{} threads, blocking calls", count), .unit = "pairs/s"};
  if (count == min_with_goal) {
    line.goal = Goal{Aspect::over_plain, Bound::at_least, 1};
  }
  const auto slice = bench.effort().slice;
  BlockingLockers ours(connect(bench.server().url()), count);
  FloorThreads plain(bench.server().port(), plain_floor);
  FloorThreads same_scripts(bench.server().port(), same_script_locks(count));
  bench.interleave(line,
                   {.ours = [&] { return ours.run(slice).pairs_per_second; },
                    .plain = [&] { return plain.run(slice).pairs_per_second; },
                    .same_scripts = [&] { return same_scripts.run(slice).pairs_per_second; }});
  bench.tell(line);
}

void measure_coroutines(Bench& bench, Measurement line, int count, double Throughput::*figure) {
  FloorClient client(bench.server().port());
  load_scripts(client);
  const auto slice = bench.effort().slice;
  CoroutineLockers ours(connect(bench.server().url()), count);
  PipelinedFloor plain(bench.server().port(), plain_locks(client, count));
  PipelinedFloor same_scripts(bench.server().port(), same_script_locks(count));
  bench.interleave(line, {.ours = [&] { return ours.run(slice).*figure; },
                          .plain = [&] { return plain.run(slice).*figure; },
                          .same_scripts = [&] { return same_scripts.run(slice).*figure; }});
  bench.tell(line);
}

}  // namespace

void measure_lockers(Bench& bench) {
  FloorClient client(bench.server().port());
  for (const int count :
       bench.of({.quick = {min_with_goal, max_lockers}, .full = {1, 10, 100, max_lockers}})) {
    Measurement line{.row = "c",
                     .what = fmt::format("{} coroutines on distinct locks", count),
                     .unit = "pairs/s",
                     .series = "pairs per second",
                     .at = static_cast<double>(count)};
    if (count >= min_with_goal) {
      line.goal = Goal{Aspect::over_same_scripts, Bound::at_least, 0.95};
    }
    measure_coroutines(bench, line, count, &Throughput::pairs_per_second);
    measure_threads(bench, count, plain_locks(client, count));
  }
}

void measure_locker_cpu(Bench& bench) {
  measure_coroutines(bench,
                     {.row = "d",
                      .what = fmt::format("client CPU per pair, {} coroutines", max_lockers),
                      .unit = "us"},
                     max_lockers, &Throughput::cpu_us_per_pair);
}

}  // namespace exclusive_lock::bench
