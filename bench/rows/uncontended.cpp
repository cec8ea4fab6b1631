// Row a: one caller acquires and releases a lock that nobody else wants, through the blocking
// calls. Floor: hiredis sends the same two scripts with the same arguments.

#include "pairs.hpp"
#include "rows/rows.hpp"

namespace exclusive_lock::bench {

void measure_uncontended(Bench& bench) {
  Measurement line{.row = "a",
                   .what = "acquire + release, blocking, p50",
                   .unit = "us",
                   .goal = Goal{Aspect::ratio, Bound::at_most, 1.15}};
  ExclusiveLock lock(
      {.app_name = "uncontended", .cache_connection = connect(bench.server().url())});
  FloorClient client(bench.server().port());
  load_scripts(client);
  const FloorLock floor = floor_lock("uncontended");
  const auto slice = bench.effort().slice;
  bench.interleave(
      line, [&] { return median_us(slice, [&] { acquire_and_release(lock); }); },
      [&] { return median_us(slice, [&] { acquire_and_release(client, floor); }); });
  bench.tell(line);
}

}  // namespace exclusive_lock::bench
