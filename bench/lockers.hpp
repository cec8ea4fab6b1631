#pragma once
// Many lockers at once, each on a lock of its own, each acquiring and releasing in a loop, all
// through one connection: as threads with the blocking calls, and as coroutines on one thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "exclusive_lock/exclusive_lock.hpp"
#include "floor_lock.hpp"

namespace exclusive_lock::bench {

struct Throughput {
  std::uint64_t pairs;
  double pairs_per_second;
  double cpu_us_per_pair;  // of this process
};

// So many threads, each of which calls pair(its number) again and again.
Throughput run_threads(std::size_t count, std::chrono::milliseconds slice,
                       const std::function<void(std::size_t)>& pair);

class BlockingLockers {
 public:
  BlockingLockers(const std::shared_ptr<Connection>& connection, int count);
  Throughput run(std::chrono::milliseconds slice);

 private:
  std::vector<std::unique_ptr<ExclusiveLock>> locks_;
};

// As coroutines, all on the thread that calls run().
class CoroutineLockers {
 public:
  CoroutineLockers(const std::shared_ptr<Connection>& connection, int count);
  Throughput run(std::chrono::milliseconds slice);
  // How long a pair takes, in microseconds, the median; for a single locker.
  double median_us(std::chrono::milliseconds slice);

 private:
  std::vector<std::unique_ptr<ExclusiveLock>> locks_;
};

// One thread that keeps one command of each locker on the way.
class PipelinedFloor {
 public:
  PipelinedFloor(std::uint16_t port, std::vector<FloorLock> locks)
      : client_(port), locks_(std::move(locks)) {}
  Throughput run(std::chrono::milliseconds slice);

 private:
  FloorClient client_;
  std::vector<FloorLock> locks_;
};

// `locker-0` and so on, with our scripts, which have to be loaded.
std::vector<FloorLock> same_script_locks(int count);

}  // namespace exclusive_lock::bench
