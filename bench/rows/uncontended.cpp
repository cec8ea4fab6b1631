// One caller acquires and releases a lock without contention: through the blocking calls (rows
// a and a2) or from a coroutine on its own thread (b and b2). a2 and b2 go through a proxy that
// adds 1 ms to each round trip, and count in round trips: microseconds do not show there.

#include "faults/proxy.hpp"
#include "lockers.hpp"
#include "pairs.hpp"
#include "plain_lock.hpp"
#include "rows/rows.hpp"

namespace exclusive_lock::bench {
namespace {

using namespace std::chrono_literals;

struct Place {
  std::uint16_t port;
  double unit_us;  // what the figures are in
};

Place near_place(Bench& bench) { return {.port = bench.server().port(), .unit_us = 1}; }

Place far_place(const faults::Proxy& proxy) {
  return {.port = proxy.port(), .unit_us = round_trip_us(proxy.port())};
}

std::shared_ptr<Connection> connect_to(const Place& place) {
  return connect("redis://127.0.0.1:" + std::to_string(place.port));
}

void measure_pair(Bench& bench, Measurement line, const Place& place,
                  const std::function<double()>& our_p50_us) {
  FloorClient client(place.port);
  load_scripts(client);
  const FloorLock plain = plain_lock(client, "uncontended");
  const FloorLock same_scripts = floor_lock("uncontended");
  const auto floor = [&](const FloorLock& lock) {
    return median_us(bench.effort().slice, [&] { acquire_and_release(client, lock); });
  };
  bench.interleave(line, {.ours = [&] { return our_p50_us() / place.unit_us; },
                          .plain = [&] { return floor(plain) / place.unit_us; },
                          .same_scripts = [&] { return floor(same_scripts) / place.unit_us; }});
  bench.tell(line);
}

void measure_blocking(Bench& bench, const Measurement& line, const Place& place) {
  ExclusiveLock lock({.app_name = "uncontended", .cache_connection = connect_to(place)});
  measure_pair(bench, line, place,
               [&] { return median_us(bench.effort().slice, [&] { acquire_and_release(lock); }); });
}

void measure_coroutine(Bench& bench, const Measurement& line, const Place& place) {
  CoroutineLockers one(connect_to(place), 1);
  measure_pair(bench, line, place, [&] { return one.median_us(bench.effort().slice); });
}

}  // namespace

void measure_uncontended(Bench& bench) {
  measure_blocking(bench,
                   {.row = "a",
                    .what = "acquire + release, blocking, p50",
                    .unit = "us",
                    .goal = Goal{Aspect::over_plain, Bound::at_most, 1.35}},
                   near_place(bench));
}

void measure_uncontended_coroutine(Bench& bench) {
  measure_coroutine(bench,
                    {.row = "b",
                     .what = "acquire + release, from a coroutine, p50",
                     .unit = "us",
                     .goal = Goal{Aspect::over_plain, Bound::at_most, 3}},
                    near_place(bench));
}

void measure_far_uncontended(Bench& bench) {
  faults::Proxy proxy(bench.server().port());
  proxy.shape(faults::Way::to_server, {.latency = 1ms});
  measure_blocking(
      bench,
      {.row = "a2", .what = "acquire + release, blocking, 1 ms away, p50", .unit = "round trips"},
      far_place(proxy));
}

void measure_far_coroutine(Bench& bench) {
  faults::Proxy proxy(bench.server().port());
  proxy.shape(faults::Way::to_server, {.latency = 1ms});
  measure_coroutine(
      bench,
      {.row = "b2", .what = "acquire + release, coroutine, 1 ms away, p50", .unit = "round trips"},
      far_place(proxy));
}

}  // namespace exclusive_lock::bench
