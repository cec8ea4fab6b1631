#include "pairs.hpp"

#include <stdexcept>
#include <thread>
#include <vector>

#include "statistics.hpp"

namespace exclusive_lock::bench {

double median_us(std::chrono::milliseconds slice, const std::function<void()>& once) {
  std::vector<double> took;
  const Instant end = BootClock::now() + slice;
  for (Instant began = BootClock::now(); began < end;) {
    once();
    const Instant ended = BootClock::now();
    took.push_back(std::chrono::duration<double, std::micro>(ended - began).count());
    began = ended;
  }
  return median(std::move(took));
}

double round_trip_us(std::uint16_t port) {
  FloorClient client(port);
  return median_us(std::chrono::milliseconds(100), [&] { client.ask(wire_bytes({"PING"})); });
}

void acquire_and_release(ExclusiveLock& lock, std::chrono::microseconds pause) {
  std::this_thread::sleep_for(pause);
  const bool is_held = lock.acquire();
  std::this_thread::sleep_for(pause);
  if (!is_held || lock.release() != ReleaseOutcome::released) {
    throw std::runtime_error("an uncontended lock was not acquired and released");
  }
}

void acquire_and_release(FloorClient& client, const FloorLock& lock) {
  lock.require_granted(*client.ask(lock.acquire));
  lock.require_released(*client.ask(lock.release));
}

}  // namespace exclusive_lock::bench
