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
  for (const int count : {1, 10, 100, most_lockers}) {
    Measurement line{.row = "c",
                     .what = fmt::format("{} lockers on distinct locks", count),
                     .unit = "pairs/s",
                     .series = "pairs per second",
                     .at = static_cast<double>(count)};
    if (count >= fewest_with_goal) {
      line.goal = Goal{Aspect::ratio, Bound::at_least, 0.95};
    }
    BlockingLockers ours(connection, count);
    PipelinedFloor floor(bench.server().port(), count);
    const auto slice = bench.effort().slice;
    bench.interleave(
        line, [&] { return ours.run(slice).pairs_per_second; },
        [&] { return floor.run(slice).pairs_per_second; });
    bench.tell(line);
  }
}

void measure_locker_cpu(Bench& bench) {
  Measurement line{.row = "d",
                   .what = fmt::format("client CPU per pair, {} lockers", most_lockers),
                   .unit = "us",
                   .goal = Goal{Aspect::ours, Bound::at_most, 1.5}};
  BlockingLockers ours(connect(bench.server().url()), most_lockers);
  PipelinedFloor floor(bench.server().port(), most_lockers);
  const auto slice = bench.effort().slice;
  bench.interleave(
      line, [&] { return ours.run(slice).cpu_us_per_pair; },
      [&] { return floor.run(slice).cpu_us_per_pair; });
  bench.tell(line);
}

}  // namespace exclusive_lock::bench
