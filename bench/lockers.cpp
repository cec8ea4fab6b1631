#include "lockers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <exception>
#include <latch>
#include <mutex>
#include <thread>

#include "pairs.hpp"
#include "usage.hpp"

namespace exclusive_lock::bench {
namespace {

// Counting begins when the lockers have made two pairs each, on average: threads take time to
// start.
constexpr std::uint64_t pairs_before_counting = 2;
constexpr std::chrono::seconds longest_warm_up{5};
// A thousand threads are not seen at work in less.
constexpr std::chrono::milliseconds shortest_slice{300};

// A cache line each, so that counting costs nothing.
struct alignas(64) Count {
  std::atomic<std::uint64_t> pairs{0};
};

std::uint64_t sum(const std::vector<Count>& counts) {
  std::uint64_t all = 0;
  for (const Count& each : counts) {
    all += each.pairs.load(std::memory_order_relaxed);
  }
  return all;
}

Throughput throughput(std::uint64_t pairs, Instant::duration took, Seconds cpu) {
  const auto count = static_cast<double>(pairs);
  return {.pairs_per_second = count / Seconds(took).count(),
          .cpu_us_per_pair = cpu.count() * 1e6 / count};
}

}  // namespace

BlockingLockers::BlockingLockers(const std::shared_ptr<Connection>& connection, int count) {
  for (int i = 0; i < count; ++i) {
    locks_.push_back(std::make_unique<ExclusiveLock>(
        Options{.app_name = fmt::format("locker-{}", i), .cache_connection = connection}));
  }
}

Throughput BlockingLockers::run(std::chrono::milliseconds slice) {
  std::vector<Count> counts(locks_.size());
  std::atomic<bool> is_over{false};
  std::mutex mutex;
  std::exception_ptr trouble;
  std::latch running(static_cast<std::ptrdiff_t>(locks_.size()));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < locks_.size(); ++i) {
    threads.emplace_back([&, i] {
      running.count_down();
      try {
        while (!is_over.load(std::memory_order_relaxed)) {
          acquire_and_release(*locks_[i]);
          counts[i].pairs.fetch_add(1, std::memory_order_relaxed);
        }
      } catch (...) {
        const std::lock_guard guard(mutex);
        trouble = std::current_exception();
      }
    });
  }
  running.wait();
  for (const Instant until = BootClock::now() + longest_warm_up;
       sum(counts) < pairs_before_counting * counts.size() && BootClock::now() < until;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const Instant began = BootClock::now();
  const std::uint64_t pairs_before = sum(counts);
  const Seconds cpu_before = cpu_time();
  std::this_thread::sleep_for(std::max(slice, shortest_slice));
  const auto result =
      throughput(sum(counts) - pairs_before, BootClock::now() - began, cpu_time() - cpu_before);
  is_over = true;
  threads.clear();
  if (trouble) {
    std::rethrow_exception(trouble);
  }
  return result;
}

PipelinedFloor::PipelinedFloor(std::uint16_t port, int count) : client_(port) {
  load_scripts(client_);
  for (int i = 0; i < count; ++i) {
    locks_.push_back(floor_lock(fmt::format("locker-{}", i)));
  }
}

Throughput PipelinedFloor::run(std::chrono::milliseconds slice) {
  enum class Asked { acquire, release };
  struct OnTheWay {
    std::size_t locker;
    Asked asked;
  };
  std::deque<OnTheWay> on_the_way;  // replies come in this order
  const Instant began = BootClock::now();
  const Instant end = began + slice;
  const Seconds cpu_before = cpu_time();
  std::uint64_t pairs = 0;
  for (std::size_t i = 0; i < locks_.size(); ++i) {
    client_.add(locks_[i].acquire);
    on_the_way.push_back({i, Asked::acquire});
  }
  // After the end nobody acquires any more, and the releases are waited for.
  while (!on_the_way.empty()) {
    const auto [locker, asked] = on_the_way.front();
    on_the_way.pop_front();
    const FloorReply reply = client_.next();
    if (asked == Asked::acquire) {
      require_granted(*reply);
      client_.add(locks_[locker].release);
      on_the_way.push_back({locker, Asked::release});
    } else {
      require_released(*reply);
      ++pairs;
      if (BootClock::now() < end) {
        client_.add(locks_[locker].acquire);
        on_the_way.push_back({locker, Asked::acquire});
      }
    }
  }
  return throughput(pairs, BootClock::now() - began, cpu_time() - cpu_before);
}

}  // namespace exclusive_lock::bench
