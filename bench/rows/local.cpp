// Row h: the embedded store. Plain floor: flock(2), which has no ttl, no contents and no fence.

#include "contender.hpp"
#include "contest.hpp"
#include "live/temporary_directory.hpp"
#include "pairs.hpp"
#include "rows/rows.hpp"
#include "statistics.hpp"

namespace exclusive_lock::bench {

using namespace std::chrono_literals;

void measure_local(Bench& bench) {
  const live::TemporaryDirectory folder;
  const std::string url = "local://" + (folder.path() / "store").string();
  const std::string file = (folder.path() / "flock").string();

  Measurement pair{.row = "h",
                   .what = "local: acquire + release, p50",
                   .unit = "us",
                   .goal = Goal{Aspect::over_plain, Bound::at_most, 32},
                   .note = "plain: flock(2), which has no ttl, no contents and no fence"};
  {
    ExclusiveLock lock({.app_name = "uncontended", .cache_connection = connect(url)});
    const auto floor = flock_contender(file);
    const auto slice = bench.effort().slice;
    bench.interleave(pair,
                     {.ours = [&] { return median_us(slice, [&] { acquire_and_release(lock); }); },
                      .plain =
                          [&] {
                            return median_us(slice, [&] {
                              floor->enter(Instant::max());
                              floor->leave();
                            });
                          }});
  }
  bench.tell(pair);

  Measurement hand_over{.row = "h",
                        .what = "local: release to entry in another process",
                        .unit = "us",
                        .goal = Goal{Aspect::ours, Bound::at_most, 80}};
  const ContestRules rules{
      .length = 2 * bench.effort().slice, .hold = 1ms, .manners = Manners::after_the_other};
  Team ours(bench.programs(), {.side = library_side, .place = url, .processes = 2});
  Team floor(bench.programs(), {.side = flock_side, .place = file, .processes = 2});
  bench.interleave(hand_over, {.ours = [&] { return median(ours.play(rules).hand_overs_us); },
                               .plain = [&] { return median(floor.play(rules).hand_overs_us); }});
  bench.tell(hand_over);
}

}  // namespace exclusive_lock::bench
