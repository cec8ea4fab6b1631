// async STORE_URL: coroutines over the installed library, whatever compiler made either. Exit code
// 0 if it went as it should.
//
// Asio is compiled in this program (no BOOST_ASIO_SEPARATE_COMPILATION), as in a user's.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <exclusive_lock/async.hpp>
#include <iostream>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

// The form of async.hpp's head: a lock by reference, and no co_await in a condition, which g++ 12
// makes a wrong program of.
asio::awaitable<bool> every_call(exclusive_lock::ExclusiveLock& lock,
                                 exclusive_lock::ExclusiveLock& other) {
  const bool acquired = co_await async_acquire_for(lock, 5s, asio::use_awaitable);
  if (!acquired)
    co_return false;
  if (bool too = co_await async_acquire(other); too)
    co_return false;
  const auto record = co_await async_inspect(other);
  const auto refreshed = co_await async_refresh(lock);
  const auto released = co_await async_release(lock);
  const bool done = co_await with_lock(other, std::chrono::system_clock::now() + 5s,
                                       []() -> asio::awaitable<void> { co_return; });
  co_return record&& refreshed == exclusive_lock::RefreshOutcome::refreshed&& released ==
      exclusive_lock::ReleaseOutcome::released&& done;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: async STORE_URL\n";
    return 2;
  }
  const auto store = exclusive_lock::connect(argv[1]);
  exclusive_lock::ExclusiveLock lock({.app_name = "packaged", .cache_connection = store});
  exclusive_lock::ExclusiveLock other({.app_name = "packaged", .cache_connection = store});
  asio::io_context io;
  auto on_io = asio::co_spawn(io, every_call(lock, other), asio::use_future);
  io.run();
  asio::thread_pool pool(2);
  auto on_pool = asio::co_spawn(pool, every_call(lock, other), asio::use_future);
  if (!on_io.get() || !on_pool.get()) {
    std::cerr << "a call did not answer as it should\n";
    return 1;
  }
  return 0;
}
