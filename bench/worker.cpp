// A process that the benchmark starts: a client in a contest, or the holder of many locks.
//
//   bench_worker contest SIDE PLACE CLIENTS FIRST_CLIENT   says "ready"; for each line
//                                                          "UNTIL_NS HOLD_US AFTER_THE_OTHER" plays
//                                                          a round and says "done"
//   bench_worker pairs SIDE PLACE COUNT [PAUSE_US]         acquires and releases one lock COUNT
//                                                          times, with blocking calls, and with a
//                                                          pause before each
//   bench_worker wait SIDE PLACE COUNT                     waits for one lock so many times at once
//   bench_worker hold SIDE PLACE COUNT                     says "ready"; takes all for "take", says
//                                                          "taken"; holds for "hold MS", reports
//
// It ends with its input. Failure is said in place of an answer.

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <barrier>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <iostream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "contender.hpp"
#include "contest.hpp"
#include "exclusive_lock/async.hpp"
#include "floor_client.hpp"
#include "floor_lock.hpp"
#include "holding.hpp"
#include "journal.hpp"
#include "pairs.hpp"

namespace exclusive_lock::bench {
namespace {

using Arguments = std::vector<std::string>;

std::uint16_t port_in(const std::string& text) {
  return static_cast<std::uint16_t>(std::stoul(text));
}

struct Order {
  Instant until;
  std::chrono::microseconds hold;
  bool after_the_other;
};

Order order_in(const std::string& line) {
  std::int64_t until_ns = 0;
  std::int64_t hold_us = 0;
  bool after_the_other = false;
  std::istringstream(line) >> until_ns >> hold_us >> after_the_other;
  return {.until = Instant(std::chrono::nanoseconds(until_ns)),
          .hold = std::chrono::microseconds(hold_us),
          .after_the_other = after_the_other};
}

void play(Contender& contender, Journal& journal, const Order& order, std::int64_t client) {
  for (Instant requested_at = BootClock::now(); requested_at < order.until;
       requested_at = BootClock::now()) {
    journal.requesting();
    if (!contender.enter(order.until)) {
      return journal.gave_up(requested_at, client);
    }
    const std::uint32_t count = journal.entered(requested_at, BootClock::now(), client);
    std::this_thread::sleep_for(order.hold);
    journal.releasing();
    contender.leave();
    if (order.after_the_other) {
      journal.wait_for_more(count, order.until);
    }
  }
}

std::vector<std::unique_ptr<Contender>> make_contenders(const std::string& side,
                                                        const std::string& place,
                                                        std::int64_t count, std::int64_t first) {
  std::vector<std::unique_ptr<Contender>> all;
  const auto connection = side == library_side ? connect(place) : nullptr;
  for (std::int64_t i = 0; i < count; ++i) {
    if (connection) {
      all.push_back(library_contender(connection));
    } else if (side == library_apart_side) {
      all.push_back(library_contender(connect(place)));
    } else if (side == queue_side) {
      all.push_back(queue_contender(port_in(place), first + i));
    } else if (side == scripts_side) {
      all.push_back(scripts_contender(port_in(place), first + i));
    } else {
      all.push_back(flock_contender(place));
    }
  }
  return all;
}

void contest(const Arguments& arguments) {
  const std::int64_t count = std::stoll(arguments.at(3));
  const std::int64_t first = std::stoll(arguments.at(4));
  Journal journal(given_descriptor);
  const auto contenders = make_contenders(arguments.at(1), arguments.at(2), count, first);
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    const Order order = order_in(line);
    std::mutex mutex;
    std::string failure;
    std::barrier start(count);  // all begin at the same moment
    std::vector<std::jthread> threads;
    for (std::int64_t i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        try {
          play(*contenders[static_cast<std::size_t>(i)], journal, order, first + i);
        } catch (const std::exception& error) {
          const std::lock_guard guard(mutex);
          failure = error.what();
        }
      });
    }
    threads.clear();
    std::cout << (failure.empty() ? "done" : failure) << std::endl;
  }
}

void make_pairs(const Arguments& arguments) {
  const std::int64_t count = std::stoll(arguments.at(3));
  const std::chrono::microseconds pause(arguments.size() > 4 ? std::stoll(arguments[4]) : 0);
  if (arguments.at(1) == library_side) {
    ExclusiveLock lock({.app_name = "pairs", .cache_connection = connect(arguments.at(2))});
    for (std::int64_t i = 0; i < count; ++i) {
      acquire_and_release(lock, pause);
    }
    return;
  }
  FloorClient client(port_in(arguments.at(2)));
  load_scripts(client);
  const FloorLock floor = floor_lock("pairs");
  for (std::int64_t i = 0; i < count; ++i) {
    acquire_and_release(client, floor);
  }
}

void hold(const Arguments& arguments) {
  const std::size_t count = std::stoul(arguments.at(3));
  const std::string& side = arguments.at(1);
  const auto holding = side == library_side ? library_holding(arguments.at(2), count)
                       : side == plain_side ? plain_holding(port_in(arguments.at(2)), count)
                                            : same_scripts_holding(port_in(arguments.at(2)), count);
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "take") {
      holding->take();
      std::cout << "taken" << std::endl;
    } else {
      const std::string_view verb = "hold ";
      const std::chrono::milliseconds length(std::stoll(line.substr(verb.size())));
      std::cout << text_of(holding->hold(length)) << std::endl;
    }
  }
}

// From coroutines, until the process is killed.
void wait_with_many(const Arguments& arguments) {
  const auto connection = connect(arguments.at(2));
  std::vector<std::unique_ptr<ExclusiveLock>> locks;
  boost::asio::io_context io(1);
  for (std::int64_t i = 0; i < std::stoll(arguments.at(3)); ++i) {
    locks.push_back(std::make_unique<ExclusiveLock>(
        Options{.app_name = waited_for, .cache_connection = connection, .queue_limit = 100'000}));
    async_acquire_for(*locks.back(), std::chrono::hours(1),
                      boost::asio::bind_executor(io, [](std::error_code, bool) {}));
  }
  io.run();
}

}  // namespace
}  // namespace exclusive_lock::bench

int main(int argc, char** argv) {
  using namespace exclusive_lock::bench;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const Arguments arguments(argv + 1, argv + argc);
  try {
    if (arguments.at(0) == "contest") {
      contest(arguments);
    } else if (arguments.at(0) == "pairs") {
      make_pairs(arguments);
    } else if (arguments.at(0) == "wait") {
      wait_with_many(arguments);
    } else {
      hold(arguments);
    }
  } catch (const std::exception& error) {
    std::cout << error.what() << std::endl;
    return 1;
  }
  ::_exit(0);  // a hundred thousand locks would be released one by one
}
