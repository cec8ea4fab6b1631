// Row j: what contents cost. The pair writes them, so it grows with them, as its floors do; a
// refresh compares the first bytes of the record and must not grow.

#include <fmt/format.h>

#include <stdexcept>

#include "pairs.hpp"
#include "plain_lock.hpp"
#include "rows/rows.hpp"

namespace exclusive_lock::bench {
namespace {

struct Size {
  std::size_t bytes;
  const char* name;
};
constexpr Size sizes[] = {{0, "no"}, {1024, "1 KiB of"}, {64 * 1024, "64 KiB of"}};

Contents contents_of(std::size_t bytes) {
  constexpr std::size_t quotes = 2;
  return bytes == 0 ? Contents(1) : Contents(std::string(bytes - quotes, 'x'));
}

ExclusiveLock lock_with(const std::shared_ptr<Connection>& connection, const Size& size) {
  return ExclusiveLock({.app_name = fmt::format("contents-{}", size.bytes),
                        .cache_connection = connection,
                        .lock_contents = contents_of(size.bytes)});
}

double refresh_us(ExclusiveLock& lock, std::chrono::milliseconds slice) {
  if (!lock.acquire()) {
    throw std::runtime_error("an uncontended lock was not acquired");
  }
  const double took = median_us(slice, [&] {
    if (lock.refresh() != RefreshOutcome::refreshed) {
      throw std::runtime_error("a lock that is held was not refreshed");
    }
  });
  lock.release();
  return took;
}

}  // namespace

void measure_contents(Bench& bench) {
  const auto connection = connect(bench.server().url());
  FloorClient client(bench.server().port());
  load_scripts(client);
  const auto slice = bench.effort().slice;
  ExclusiveLock bare = lock_with(connection, sizes[0]);
  for (const Size& size : sizes) {
    Measurement pair{.row = "j",
                     .what = fmt::format("acquire + release, {} contents, p50", size.name),
                     .unit = "us"};
    Measurement refresh{
        .row = "j",
        .what = fmt::format("refresh, {} contents, p50", size.name),
        .unit = "us",
        .note = "beside it in place of the scripts: the refresh of a lock without contents"};
    ExclusiveLock lock = lock_with(connection, size);
    const FloorLock floor = floor_lock("contents", contents_of(size.bytes));
    const FloorLock plain =
        plain_lock(client, "contents", plain_token + std::string(size.bytes, 'x'));
    bench.interleave(
        pair,
        {.ours = [&] { return median_us(slice, [&] { acquire_and_release(lock); }); },
         .plain = [&] { return median_us(slice, [&] { acquire_and_release(client, plain); }); },
         .same_scripts =
             [&] { return median_us(slice, [&] { acquire_and_release(client, floor); }); }});
    bench.tell(pair);
    if (size.bytes > 0) {
      refresh.goal = Goal{Aspect::over_same_scripts, Bound::at_most, 1.1};
      bench.interleave(refresh, {.ours = [&] { return refresh_us(lock, slice); },
                                 .same_scripts = [&] { return refresh_us(bare, slice); }});
      bench.tell(refresh);
    }
  }
}

}  // namespace exclusive_lock::bench
