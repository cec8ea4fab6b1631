// One caller acquires and releases a lock that nobody else wants, through the blocking calls (row
// a) or from a coroutine on its own thread (row b). Floor: hiredis sends the same two scripts with
// the same arguments.

#include "lockers.hpp"
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

void measure_uncontended_coroutine(Bench& bench) {
  Measurement line{.row = "b",
                   .what = "acquire + release, from a coroutine, p50",
                   .unit = "us",
                   .goal = Goal{Aspect::ratio, Bound::at_most, 1.10}};
  CoroutineLockers one(connect(bench.server().url()), 1);
  FloorClient client(bench.server().port());
  load_scripts(client);
  const FloorLock floor = floor_lock("locker-0");
  const auto slice = bench.effort().slice;
  bench.interleave(
      line, [&] { return one.median_us(slice); },
      [&] { return median_us(slice, [&] { acquire_and_release(client, floor); }); });
  bench.tell(line);
}

}  // namespace exclusive_lock::bench
