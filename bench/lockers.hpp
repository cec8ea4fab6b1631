#pragma once
// Many lockers at once, each on a lock of its own, each acquiring and releasing in a loop, all
// through one connection.
//
// The library's lockers are threads, for the blocking calls are what there is today. Whoever brings
// the asynchronous calls: make their lockers a second class with the same run(), and rows c and d
// show both.

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "exclusive_lock/exclusive_lock.hpp"
#include "floor_lock.hpp"

namespace exclusive_lock::bench {

struct Throughput {
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

// One thread that keeps one command of each locker on the way.
class PipelinedFloor {
 public:
  PipelinedFloor(std::uint16_t port, int count);
  Throughput run(std::chrono::milliseconds slice);

 private:
  FloorClient client_;
  std::vector<FloorLock> locks_;
};

}  // namespace exclusive_lock::bench
