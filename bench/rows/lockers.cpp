// Row c: pairs per second of many lockers on distinct locks, through one connection. Row d: what a
// pair costs this process in CPU time. Floor: hiredis, pipelined by hand, one command of each
// locker on the way at any time.

#include <fmt/format.h>

#include "lockers.hpp"
#include "rows/rows.hpp"

namespace exclusive_lock::bench {
namespace {

// The goals are set for these; fewer lockers are for the plot.
constexpr int fewest_with_goal = 100;
constexpr int most_lockers = 1000;

}  // namespace

void measure_lockers(Bench& bench) {
  const auto connection = connect(bench.server().url());
  const auto slice = bench.effort().slice;
  for (const int count :
       bench.of({.quick = {fewest_with_goal, most_lockers}, .full = {1, 10, 100, most_lockers}})) {
    Measurement line{.row = "c",
                     .what = fmt::format("{} coroutines on distinct locks", count),
                     .unit = "pairs/s",
                     .series = "pairs per second",
                     .at = static_cast<double>(count)};
    if (count >= fewest_with_goal) {
      line.goal = Goal{Aspect::ratio, Bound::at_least, 0.95};
    }
    Measurement blocking{
        .row = "c", .what = fmt::format("{} threads, blocking calls", count), .unit = "pairs/s"};
    PipelinedFloor floor(bench.server().port(), count);
    {
      CoroutineLockers ours(connection, count);
      bench.interleave(
          line, [&] { return ours.run(slice).pairs_per_second; },
          [&] { return floor.run(slice).pairs_per_second; });
      bench.tell(line);
    }
    BlockingLockers threads(connection, count);
    bench.interleave(
        blocking, [&] { return threads.run(slice).pairs_per_second; },
        [&] { return floor.run(slice).pairs_per_second; });
    bench.tell(blocking);
  }
}

void measure_locker_cpu(Bench& bench) {
  Measurement line{.row = "d",
                   .what = fmt::format("client CPU per pair, {} coroutines", most_lockers),
                   .unit = "us",
                   .goal = Goal{Aspect::ours, Bound::at_most, 1.5}};
  CoroutineLockers ours(connect(bench.server().url()), most_lockers);
  PipelinedFloor floor(bench.server().port(), most_lockers);
  const auto slice = bench.effort().slice;
  bench.interleave(
      line, [&] { return ours.run(slice).cpu_us_per_pair; },
      [&] { return floor.run(slice).cpu_us_per_pair; });
  bench.tell(line);
}

}  // namespace exclusive_lock::bench
