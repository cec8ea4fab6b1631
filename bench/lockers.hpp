#pragma once
// Many lockers at once, each on a lock of its own, each acquiring and releasing in a loop, all
// through one connection: as threads with the blocking calls, and as coroutines on one thread.

#include <chrono>
#include <cstdint>
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
  using Check = void (*)(const redisReply&);

  PipelinedFloor(std::uint16_t port, int count);  // of our scripts
  PipelinedFloor(std::uint16_t port, std::vector<FloorLock> locks, Check require_granted,
                 Check require_released);
  Throughput run(std::chrono::milliseconds slice);

 private:
  FloorClient client_;
  std::vector<FloorLock> locks_;
  Check require_granted_;
  Check require_released_;
};

}  // namespace exclusive_lock::bench
