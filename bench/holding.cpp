#include "holding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "exclusive_lock/async.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "plain_lock.hpp"
#include "refresh_watch.hpp"
#include "statistics.hpp"
#include "usage.hpp"

namespace exclusive_lock::bench {
namespace {

namespace asio = boost::asio;

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds ttl{3000};
constexpr milliseconds interval{1000};
constexpr milliseconds acquire_limit{20'000};

class LibraryHolding final : public Holding {
 public:
  LibraryHolding(const std::string& url, std::size_t count)
      : connection_(connect(url)), watch_(count, ttl, interval), locks_(count) {
    // What the first locks need once does not count as memory per lock.
    take_up_to(std::min(count, taken_at_once));
    std::ranges::fill(locks_, nullptr);
    resident_before_ = resident_bytes();
  }

  void take() override { take_up_to(locks_.size()); }

  HoldingReport hold(milliseconds length) override {
    std::this_thread::sleep_for(interval);  // so that every lock has been refreshed once
    watch_.begin();
    const Instant began = BootClock::now();
    const Seconds cpu_before = cpu_time();
    std::this_thread::sleep_for(length);
    const Seconds took = BootClock::now() - began;
    const Seconds cpu = cpu_time() - cpu_before;
    const double resident = resident_bytes();  // before ours is put together
    const RefreshWatch::Seen seen = watch_.end();
    const auto held = std::ranges::count_if(locks_, [](const auto& lock) { return lock->held(); });
    const auto count = static_cast<double>(locks_.size());
    return {
        .cores = cpu / took,
        .lost = count - static_cast<double>(held),  // what was lost is not acquired again
        .late_ms = seen.late_ms_p99,
        .refreshes_per_second = static_cast<double>(seen.refreshes) / watch_.share() / took.count(),
        .busiest = seen.busiest,
        .bytes_per_lock = (resident - resident_before_) / count};
  }

 private:
  static constexpr std::size_t taken_at_once = 64;

  std::unique_ptr<ExclusiveLock> make(std::size_t place) const {
    return std::make_unique<ExclusiveLock>(Options{.app_name = fmt::format("held-{}", place),
                                                   .cache_connection = connection_,
                                                   .lock_ttl = ttl,
                                                   .lock_refresh = interval});
  }

  void take_up_to(std::size_t end) {
    asio::io_context io(1);
    std::exception_ptr failure;
    std::size_t next = 0;
    for (std::size_t taker = 0; taker < taken_at_once; ++taker) {
      asio::co_spawn(io, take_the_rest(next, end), [&failure](const std::exception_ptr& thrown) {
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

  // One of several coroutines that share `next`.
  asio::awaitable<void> take_the_rest(std::size_t& next, std::size_t end) {
    while (next < end) {
      const std::size_t place = next++;
      locks_[place] = make(place);
      watch_.watch(*locks_[place], place);
      // Waits failure out: a request may time out while refreshes of what is held come first.
      if (!co_await async_acquire_for(*locks_[place], acquire_limit, asio::use_awaitable)) {
        throw std::runtime_error("a lock that nobody has was not acquired");
      }
    }
  }

  std::shared_ptr<Connection> connection_;
  RefreshWatch watch_;
  std::vector<std::unique_ptr<ExclusiveLock>> locks_;
  double resident_before_ = 0;
};

constexpr std::size_t keys_of_batch = 100;

// What is sent at once, and by how many replies it is answered.
struct Batch {
  std::vector<FloorLock> locks;
  std::string refresh;
  std::size_t replies;
  RefreshCount (*count)(const redisReply& reply);
};

Batch same_scripts_batch(const std::vector<std::string>& names) {
  Batch batch{
      .locks = {}, .refresh = floor_refresh(names, ttl), .replies = 1, .count = refresh_count};
  for (const std::string& name : names) {
    batch.locks.push_back(floor_lock(name, 1, 60s));  // outlives the taking
  }
  return batch;
}

Batch plain_batch(FloorClient& client, const std::vector<std::string>& names) {
  Batch batch{.locks = {}, .refresh = {}, .replies = names.size(), .count = plain_refresh_count};
  for (const std::string& name : names) {
    batch.locks.push_back(plain_lock(client, name, plain_token, 60s));
    batch.refresh += plain_refresh(client, name, ttl);
  }
  return batch;
}

class FloorHolding final : public Holding {
 public:
  using MakeBatch = std::function<Batch(FloorClient&, const std::vector<std::string>&)>;

  FloorHolding(std::uint16_t port, std::size_t count, const MakeBatch& make_batch) : client_(port) {
    load_scripts(client_);
    for (std::size_t first = 0; first < count; first += keys_of_batch) {
      std::vector<std::string> names;
      for (std::size_t place = first; place < std::min(first + keys_of_batch, count); ++place) {
        names.push_back(fmt::format("held-{}", place));
      }
      batches_.push_back(make_batch(client_, names));
    }
  }

  void take() override {
    for (const Batch& batch : batches_) {
      for (const FloorLock& lock : batch.locks) {
        client_.add(lock.acquire);
      }
      for (const FloorLock& lock : batch.locks) {
        lock.require_granted(*client_.next());
      }
    }
  }

  HoldingReport hold(milliseconds length) override {
    const Instant began = BootClock::now();
    const Seconds cpu_before = cpu_time();
    std::vector<double> late_ms;
    RefreshCount all{};
    for (std::size_t turn = 0;; ++turn) {
      const Instant due = began + Instant::duration(interval) * turn / batches_.size();
      if (due >= began + length) {
        break;
      }
      std::this_thread::sleep_for(due - BootClock::now());
      refresh(batches_[turn % batches_.size()], all);
      late_ms.push_back(std::chrono::duration<double, std::milli>(BootClock::now() - due).count());
    }
    const Seconds took = BootClock::now() - began;
    return {.cores = (cpu_time() - cpu_before) / took,
            .lost = static_cast<double>(all.lost),
            .late_ms = quantile(late_ms, 0.99),
            .refreshes_per_second = static_cast<double>(all.refreshed) / took.count(),
            .busiest = 1,
            .bytes_per_lock = 0};
  }

 private:
  void refresh(const Batch& batch, RefreshCount& all) {
    client_.add(batch.refresh);
    for (std::size_t i = 0; i < batch.replies; ++i) {
      const RefreshCount count = batch.count(*client_.next());
      all.refreshed += count.refreshed;
      all.lost += count.lost;
    }
  }

  FloorClient client_;
  std::vector<Batch> batches_;
};

}  // namespace

std::string text_of(const HoldingReport& report) {
  return fmt::format("{} {} {} {} {} {}", report.cores, report.lost, report.late_ms,
                     report.refreshes_per_second, report.busiest, report.bytes_per_lock);
}

HoldingReport holding_report(const std::string& text) {
  std::vector<double> figures;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    char* end = nullptr;
    figures.push_back(std::strtod(word.c_str(), &end));  // reads "nan", which streams do not
    if (end == word.c_str()) {
      throw std::runtime_error("a worker of the benchmark said: " + text);
    }
  }
  if (figures.size() != 6) {
    throw std::runtime_error("a worker of the benchmark said: " + text);
  }
  return {.cores = figures[0],
          .lost = figures[1],
          .late_ms = figures[2],
          .refreshes_per_second = figures[3],
          .busiest = figures[4],
          .bytes_per_lock = figures[5]};
}

std::unique_ptr<Holding> library_holding(const std::string& url, std::size_t count) {
  return std::make_unique<LibraryHolding>(url, count);
}

std::unique_ptr<Holding> same_scripts_holding(std::uint16_t port, std::size_t count) {
  return std::make_unique<FloorHolding>(
      port, count, [](FloorClient&, const auto& names) { return same_scripts_batch(names); });
}

std::unique_ptr<Holding> plain_holding(std::uint16_t port, std::size_t count) {
  return std::make_unique<FloorHolding>(port, count, plain_batch);
}

}  // namespace exclusive_lock::bench
