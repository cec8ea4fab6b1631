// One process that uses this library, or a lock written by hand over hiredis, for
// bench/peers/measure:
//
//   bench_peer blocking|coroutine|hiredis PORT
//
// It says {"ready": true}, then answers each line of its input with a line of JSON:
//   pairs COUNT MS   COUNT lockers, each on a lock of its own: pairs, pairs_per_s, client_cpu_us,
//                    p50_us
//   acquire          waits for the lock that all processes share: at_ns, when it had it
//   release          at_ns, when release was called
// Instants are on CLOCK_MONOTONIC. It ends with its input.

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "lockers.hpp"
#include "pairs.hpp"
#include "plain_lock.hpp"
#include "usage.hpp"

namespace exclusive_lock::bench {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr auto wait_options = 10min;

struct PairsFigures {
  Throughput throughput;
  double p50_us;
};

class Peer {
 public:
  virtual ~Peer() = default;
  virtual PairsFigures pairs(int count, milliseconds length) = 0;
  virtual void acquire() = 0;
  virtual void release() = 0;
};

class OurPeer final : public Peer {
 public:
  OurPeer(std::uint16_t port, bool is_coroutine)
      : connection_(connect("redis://127.0.0.1:" + std::to_string(port))),
        shared_({.app_name = "shared", .cache_connection = connection_}),
        is_coroutine_(is_coroutine) {}

  PairsFigures pairs(int count, milliseconds length) override {
    if (is_coroutine_) {
      CoroutineLockers lockers(connection_, count);
      const auto throughput = lockers.run(length);
      return {throughput, lockers.median_us(count == 1 ? length : 0ms)};
    }
    if (count == 1) {
      ExclusiveLock lock({.app_name = "pair", .cache_connection = connection_});
      return timed_pairs(length, [&] { acquire_and_release(lock); });
    }
    return {BlockingLockers(connection_, count).run(length), 0};
  }
  void acquire() override {
    if (!shared_.acquire_for(wait_options)) {
      throw std::runtime_error("the shared lock was not acquired");
    }
  }
  void release() override { shared_.release(); }

  static PairsFigures timed_pairs(milliseconds length, const std::function<void()>& pair) {
    std::uint64_t count = 0;
    const Instant began = BootClock::now();
    const Seconds cpu_before = cpu_time();
    const double p50_us = median_us(length, [&] {
      pair();
      ++count;
    });
    const auto pairs = static_cast<double>(count);
    return {{.pairs = count,
             .pairs_per_second = pairs / Seconds(BootClock::now() - began).count(),
             .cpu_us_per_pair = (cpu_time() - cpu_before).count() * 1e6 / pairs},
            p50_us};
  }

 private:
  std::shared_ptr<Connection> connection_;
  ExclusiveLock shared_;
  bool is_coroutine_;
};

// As redis-plus-plus' RedMutex: SET NX PX, compare-and-delete, and where it is not free, another
// try after a random 0 to 5 ms.
class HiredisPeer final : public Peer {
 public:
  explicit HiredisPeer(std::uint16_t port)
      : port_(port), client_(port), shared_(plain_lock(client_, "shared", plain_token, 30s)) {}

  PairsFigures pairs(int count, milliseconds length) override {
    if (count == 1) {
      const FloorLock lock = plain_lock(client_, "pair");
      return OurPeer::timed_pairs(length, [&] { acquire_and_release(client_, lock); });
    }
    return {FloorThreads(port_, plain_locks(client_, count)).run(length), 0};
  }
  void acquire() override {
    std::uniform_int_distribution<int> pause_us(0, 5000);
    while (client_.ask(shared_.acquire)->type != REDIS_REPLY_STATUS) {
      std::this_thread::sleep_for(std::chrono::microseconds(pause_us(random_)));
    }
  }
  void release() override { shared_.require_released(*client_.ask(shared_.release)); }

 private:
  std::uint16_t port_;
  FloorClient client_;
  FloorLock shared_;
  std::mt19937 random_{std::random_device{}()};
};

std::unique_ptr<Peer> make_peer(const std::string& side, std::uint16_t port) {
  if (side == "hiredis") {
    return std::make_unique<HiredisPeer>(port);
  }
  return std::make_unique<OurPeer>(port, side == "coroutine");
}

std::int64_t monotonic_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

std::string answer_to(Peer& peer, const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  int count = 0;
  int ms = 0;
  words >> verb >> count >> ms;
  if (verb == "pairs") {
    const auto [throughput, p50_us] = peer.pairs(count, milliseconds(ms));
    return fmt::format(
        R"({{"pairs": {}, "pairs_per_s": {:.1f}, "client_cpu_us": {:.3f}, "p50_us": {:.3f}}})",
        throughput.pairs, throughput.pairs_per_second, throughput.cpu_us_per_pair,
        count == 1 ? p50_us : 0.0);
  }
  if (verb == "acquire") {
    peer.acquire();
    return fmt::format(R"({{"at_ns": {}}})", monotonic_ns());
  }
  const std::int64_t at_ns = monotonic_ns();
  peer.release();
  return fmt::format(R"({{"at_ns": {}}})", at_ns);
}

}  // namespace
}  // namespace exclusive_lock::bench

int main(int argc, char** argv) {
  using namespace exclusive_lock::bench;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  try {
    if (argc != 3) {
      throw std::invalid_argument("usage: bench_peer blocking|coroutine|hiredis PORT");
    }
    const auto peer = make_peer(argv[1], static_cast<std::uint16_t>(std::stoul(argv[2])));
    std::cout << R"({"ready": true})" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << answer_to(*peer, line) << std::endl;
    }
    return 0;
  } catch (const std::exception& error) {
    std::cout << fmt::format(R"({{"error": "{}"}})", error.what()) << std::endl;
    return 1;
  }
}
