// That an io_context does the I/O of its coroutines itself, and what happens where it does not, or
// others do it too.

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "exclusive_lock/async.hpp"
#include "exclusive_lock/callbacks.hpp"
#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/connection_io.hpp"
#include "live/comes_true.hpp"
#include "live/server.hpp"

namespace exclusive_lock::live {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr int many = 1000;

Options named(const std::string& name, std::shared_ptr<Connection> connection) {
  Options options;
  options.app_name = name;
  options.cache_connection = std::move(connection);
  return options;
}

asio::awaitable<void> acquire_and_release(ExclusiveLock& lock, int times) {
  for (int i = 0; i < times; ++i) {
    EXPECT_TRUE(co_await async_acquire_for(lock, 1min, asio::use_awaitable));
    EXPECT_EQ(co_await async_release(lock, asio::use_awaitable), ReleaseOutcome::released);
  }
}

// So often has a thread of this process, but for this one, gone to sleep.
long sleeps_of_other_threads() {
  long sum = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    if (task.path().filename() == std::to_string(::gettid())) {
      continue;
    }
    std::ifstream status(task.path() / "status");
    const std::string key = "voluntary_ctxt_switches:";
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(key)) {
        sum += std::stol(line.substr(key.size()));
      }
    }
  }
  return sum;
}

void run_one(asio::io_context& io, ExclusiveLock& lock, int times) {
  asio::co_spawn(io, acquire_and_release(lock, times), asio::detached);
  io.restart();
  io.run();
}

// With a thread of the connection in between it would sleep some four times in each pair; as it is,
// it looks a few times while they are made, and takes over where this one is not run for long,
// which may spoil a try on a busy machine.
bool others_rest(asio::io_context& io, ExclusiveLock& lock) {
  for (int tries = 0; tries < 5; ++tries) {
    const long before = sleeps_of_other_threads();
    run_one(io, lock, many);
    if (sleeps_of_other_threads() - before < many) {
      return true;
    }
  }
  return false;
}

class RedisAsyncIo : public testing::TestWithParam<ServerTransport> {
 protected:
  Server server_{{.transport = GetParam()}};
};

TEST_P(RedisAsyncIo, OwnThreadOfTheConnectionRests) {
  const auto connection = connect(server_.url());
  ExclusiveLock lock(named("job", connection));
  asio::io_context io;
  run_one(io, lock, 100);
  EXPECT_TRUE(others_rest(io, lock));
}

TEST_P(RedisAsyncIo, GoesOnAfterTheServerWasRestarted) {
  const auto connection = connect(server_.url());
  ExclusiveLock lock(named("job", connection));
  asio::io_context io;
  run_one(io, lock, 100);
  server_.kill();
  server_.restart(ServerData::lost);
  run_one(io, lock, 100);
  EXPECT_TRUE(others_rest(io, lock)) << "the new socket is watched";
}

INSTANTIATE_TEST_SUITE_P(Transports, RedisAsyncIo,
                         testing::Values(ServerTransport::tcp, ServerTransport::unix_socket),
                         [](const auto& tested) {
                           return tested.param == ServerTransport::tcp ? "Tcp" : "UnixSocket";
                         });

// An event loop of a few lines, as the header describes it.
TEST_P(RedisAsyncIo, IsThereForOtherEventLoopsToo) {
  const auto connection = connect(server_.url());
  ExclusiveLock lock(named("job", connection));
  const ConnectionIo io(lock);
  EXPECT_TRUE(io.is_of(lock));
  int answered_here = 0;
  for (int i = 0; i < many; ++i) {
    std::atomic<std::thread::id> answered_by{};
    const CallbackAcquire acquire(lock, {});
    io.hand_in([&] {
      acquire.start([&](const std::error_code& error, bool yes) {
        EXPECT_TRUE(!error && yes);
        answered_by = std::this_thread::get_id();
      });
    });
    bool watches = io.send();
    while (answered_by.load() == std::thread::id()) {
      // Whoever else answers would wake a real event loop, which has not to look every millisecond.
      pollfd news{.fd = watches ? io.descriptor() : -1, .events = POLLIN, .revents = 0};
      watches = ::poll(&news, 1, 1) == 1 && io.take_news();
    }
    answered_here += answered_by.load() == std::this_thread::get_id() ? 1 : 0;
    EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  }
  EXPECT_GT(answered_here, 0);
}

TEST(RedisAsyncIoOfSeveral, ConnectionsThatAreGoneKeepNoDescriptorsOfAnIoContext) {
  Server server;
  asio::io_context io;
  const auto descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto use_one = [&] {
    ExclusiveLock lock(named("job", connect(server.url())));
    run_one(io, lock, 1);
  };
  use_one();
  const auto before = descriptors();
  for (int i = 0; i < 20; ++i) {
    use_one();
  }
  EXPECT_LE(descriptors(), before + 1);
}

TEST(ConnectionIoOf, AStoreThatNeedsNoHelpHasNoDescriptor) {
  const auto connection = connect("memory:");
  ExclusiveLock lock(named("job", connection));
  const ConnectionIo io(lock);
  EXPECT_EQ(io.descriptor(), -1);
  bool was_begun = false;
  io.hand_in([&] { was_begun = true; });
  EXPECT_TRUE(was_begun);
  EXPECT_FALSE(io.send());
  EXPECT_FALSE(io.take_news());
}

// All want the same lock, so each has to hear of its grant.
TEST(RedisAsyncIoOfSeveral, IoContextsAndThreadsShareOneConnection) {
  Server server;
  const auto connection = connect(server.url());
  constexpr int times = 50;
  constexpr int of_each_kind = 3;
  std::vector<std::thread> threads;
  for (int i = 0; i < of_each_kind; ++i) {
    threads.emplace_back([&connection] {
      ExclusiveLock first(named("job", connection));
      ExclusiveLock second(named("job", connection));
      asio::io_context io;
      asio::co_spawn(io, acquire_and_release(first, times), asio::detached);
      asio::co_spawn(io, acquire_and_release(second, times), asio::detached);
      io.run();
    });
    threads.emplace_back([&connection] {
      ExclusiveLock lock(named("job", connection));
      for (int k = 0; k < times; ++k) {
        EXPECT_TRUE(lock.acquire_for(1min));
        EXPECT_EQ(lock.release(), ReleaseOutcome::released);
      }
    });
  }
  for (std::thread& each : threads) {
    each.join();
  }
  ExclusiveLock lock(named("job", connection));
  EXPECT_FALSE(lock.inspect());
}

TEST(RedisAsyncIoOfSeveral, ThreadsShareOneIoContext) {
  Server server;
  const auto connection = connect(server.url());
  std::vector<std::unique_ptr<ExclusiveLock>> locks;
  asio::io_context io;
  for (int i = 0; i < 8; ++i) {
    locks.push_back(
        std::make_unique<ExclusiveLock>(named("job-" + std::to_string(i / 2), connection)));
    asio::co_spawn(io, acquire_and_release(*locks.back(), 100), asio::detached);
  }
  std::thread other([&io] { io.run(); });
  io.run();
  other.join();
  for (const auto& lock : locks) {
    EXPECT_FALSE(lock->inspect());
  }
}

// It begins a call, and then has something else to do.
TEST(RedisAsyncIoOfSeveral, IoContextThatIsBusyIsNotWaitedFor) {
  Server server;
  const auto connection = connect(server.url());
  ExclusiveLock lock(named("job", connection));
  const auto other = connect(server.url());
  ExclusiveLock seen_by_others(named("job", other));
  asio::io_context io;
  run_one(io, lock, 100);  // from here on it does the I/O
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        EXPECT_TRUE(co_await async_acquire(lock, asio::use_awaitable));
        async_release(lock, asio::detached);
        EXPECT_TRUE(comes_true([&] { return !seen_by_others.inspect(); }));
      },
      asio::detached);
  io.restart();
  io.run();
}

TEST(RedisAsyncIoOfSeveral, ConnectionMayGoBeforeTheIoContext) {
  Server server;
  asio::io_context io;
  {
    auto connection = connect(server.url());
    ExclusiveLock holder(named("job", connection));
    auto waiter = std::make_optional<ExclusiveLock>(named("job", connect(server.url())));
    ASSERT_TRUE(holder.acquire());
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          co_await acquire_and_release(*waiter, 0);
          const auto [error, acquired] =
              co_await async_acquire_for(*waiter, 1min, asio::as_tuple(asio::use_awaitable));
          EXPECT_EQ(error, asio::error::operation_aborted);
          EXPECT_FALSE(acquired);
        },
        asio::detached);
    asio::steady_timer timer(io, 20ms);
    timer.async_wait([&waiter](const auto&) { waiter.reset(); });
    io.run();  // which has nothing left to do then
  }
  asio::post(io, [] {});
  io.restart();
  EXPECT_EQ(io.run(), 1U);
}

}  // namespace
}  // namespace exclusive_lock::live
