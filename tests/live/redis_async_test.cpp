// Coroutines and callers that share one connection to a server: the I/O thread serves the
// coroutines, whatever their io_context does meanwhile.

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "exclusive_lock/async.hpp"
#include "exclusive_lock/connection.hpp"
#include "live/comes_true.hpp"
#include "live/server.hpp"

namespace exclusive_lock::live {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

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

void run_one(asio::io_context& io, ExclusiveLock& lock, int times) {
  asio::co_spawn(io, acquire_and_release(lock, times), asio::detached);
  io.restart();
  io.run();
}

TEST(RedisAsync, GoesOnAfterTheServerWasRestarted) {
  Server server;
  ExclusiveLock lock(named("job", connect(server.url())));
  asio::io_context io;
  run_one(io, lock, 100);
  server.kill();
  server.restart(ServerData::lost);
  run_one(io, lock, 100);
}

// All want the same lock, so each has to hear of its grant.
TEST(RedisAsync, IoContextsAndThreadsShareOneConnection) {
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

TEST(RedisAsync, ThreadsShareOneIoContext) {
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

// It begins a call and then blocks: the call is carried out.
TEST(RedisAsync, IoContextThatIsBusyIsNotWaitedFor) {
  Server server;
  const auto connection = connect(server.url());
  ExclusiveLock lock(named("job", connection));
  const auto other = connect(server.url());
  ExclusiveLock seen_by_others(named("job", other));
  asio::io_context io;
  run_one(io, lock, 1);
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

TEST(RedisAsync, ConnectionMayGoBeforeTheIoContext) {
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
