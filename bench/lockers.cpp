#include "lockers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <exception>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "exclusive_lock/async.hpp"
#include "pairs.hpp"
#include "statistics.hpp"
#include "usage.hpp"

namespace exclusive_lock::bench {
namespace {

namespace asio = boost::asio;

// Counting begins when the lockers have made two pairs each, on average: threads take time to
// start.
constexpr std::uint64_t pairs_before_counting = 2;
constexpr std::chrono::seconds max_warm_up{5};
// A thousand threads are not seen at work in less.
constexpr std::chrono::milliseconds min_slice{300};

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
  return {.pairs = pairs,
          .pairs_per_second = count / Seconds(took).count(),
          .cpu_us_per_pair = cpu.count() * 1e6 / count};
}

std::vector<std::unique_ptr<ExclusiveLock>> locker_locks(
    const std::shared_ptr<Connection>& connection, int count) {
  std::vector<std::unique_ptr<ExclusiveLock>> locks;
  for (int i = 0; i < count; ++i) {
    locks.push_back(std::make_unique<ExclusiveLock>(
        Options{.app_name = fmt::format("locker-{}", i), .cache_connection = connection}));
  }
  return locks;
}

// What the coroutines of one run share; they run on one thread.
struct Run {
  Instant end;
  std::uint64_t pairs = 0;
  std::vector<double> took_us{};
};

asio::awaitable<void> acquire_and_release_until_the_end(ExclusiveLock& lock, Run& run) {
  for (Instant began = BootClock::now(); began < run.end;) {
    const bool acquired = co_await async_acquire(lock, asio::use_awaitable);
    if (!acquired ||
        co_await async_release(lock, asio::use_awaitable) != ReleaseOutcome::released) {
      throw std::runtime_error("an uncontended lock was not acquired and released");
    }
    ++run.pairs;
    const Instant ended = BootClock::now();
    run.took_us.push_back(std::chrono::duration<double, std::micro>(ended - began).count());
    began = ended;
  }
}

void run_coroutines(const std::vector<std::unique_ptr<ExclusiveLock>>& locks, Run& run) {
  asio::io_context io(1);
  std::exception_ptr failure;
  for (const auto& lock : locks) {
    asio::co_spawn(io, acquire_and_release_until_the_end(*lock, run),
                   [&failure](const std::exception_ptr& thrown) {
                     if (thrown) {
                       failure = thrown;
                     }
                   });
  }
  io.run();
  if (failure) {
    std::rethrow_exception(failure);
  }
}

}  // namespace

Throughput run_threads(std::size_t count, std::chrono::milliseconds slice,
                       const std::function<void(std::size_t)>& pair) {
  std::vector<Count> counts(count);
  std::atomic<bool> is_over{false};
  std::mutex mutex;
  std::exception_ptr failure;
  std::latch running(static_cast<std::ptrdiff_t>(count));
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      running.count_down();
      try {
        while (!is_over.load(std::memory_order_relaxed)) {
          pair(i);
          counts[i].pairs.fetch_add(1, std::memory_order_relaxed);
        }
      } catch (...) {
        const std::lock_guard guard(mutex);
        failure = std::current_exception();
      }
    });
  }
  running.wait();
  for (const Instant until = BootClock::now() + max_warm_up;
       sum(counts) < pairs_before_counting * counts.size() && BootClock::now() < until;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  const Instant began = BootClock::now();
  const std::uint64_t pairs_before = sum(counts);
  const Seconds cpu_before = cpu_time();
  std::this_thread::sleep_for(std::max(slice, min_slice));
  const auto result =
      throughput(sum(counts) - pairs_before, BootClock::now() - began, cpu_time() - cpu_before);
  is_over = true;
  threads.clear();
  if (failure) {
    std::rethrow_exception(failure);
  }
  return result;
}

BlockingLockers::BlockingLockers(const std::shared_ptr<Connection>& connection, int count)
    : locks_(locker_locks(connection, count)) {}

Throughput BlockingLockers::run(std::chrono::milliseconds slice) {
  return run_threads(locks_.size(), slice,
                     [this](std::size_t i) { acquire_and_release(*locks_[i]); });
}

CoroutineLockers::CoroutineLockers(const std::shared_ptr<Connection>& connection, int count)
    : locks_(locker_locks(connection, count)) {}

Throughput CoroutineLockers::run(std::chrono::milliseconds slice) {
  const Instant began = BootClock::now();
  Run run{.end = began + slice};
  const Seconds cpu_before = cpu_time();
  run_coroutines(locks_, run);
  return throughput(run.pairs, BootClock::now() - began, cpu_time() - cpu_before);
}

double CoroutineLockers::median_us(std::chrono::milliseconds slice) {
  Run run{.end = BootClock::now() + slice};
  run_coroutines(locks_, run);
  return median(std::move(run.took_us));
}

std::vector<FloorLock> same_script_locks(int count) {
  std::vector<FloorLock> locks;
  for (int i = 0; i < count; ++i) {
    locks.push_back(floor_lock(fmt::format("locker-{}", i)));
  }
  return locks;
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
      locks_[locker].require_granted(*reply);
      client_.add(locks_[locker].release);
      on_the_way.push_back({locker, Asked::release});
    } else {
      locks_[locker].require_released(*reply);
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
