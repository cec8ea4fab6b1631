// Five coroutines on one thread write to the ledger, one after another. A waiting coroutine does
// not block the thread.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <exclusive_lock/async.hpp>
#include <memory>

namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

asio::awaitable<void> work(std::shared_ptr<exclusive_lock::Connection> store, int worker) {
  exclusive_lock::ExclusiveLock lock({.app_name = "ledger", .cache_connection = store});
  const auto deadline = exclusive_lock::BootClock::now() + 10s;
  const bool done = co_await with_lock(lock, deadline, [&]() -> asio::awaitable<void> {
    if (const auto fence = lock.fence())  // none: the hold is over already
      std::printf("worker %d under fence %llu\n", worker,
                  static_cast<unsigned long long>(fence->value));
    asio::steady_timer writing(co_await asio::this_coro::executor, 10ms);
    co_await writing.async_wait(asio::use_awaitable);
  });
  if (!done)
    std::printf("worker %d: the lock was busy for ten seconds\n", worker);
}

}  // namespace

int main(int argc, char** argv) {
  const auto store = exclusive_lock::connect(argc > 1 ? argv[1] : "local:");
  asio::io_context io;
  int failed = 0;
  for (int worker = 1; worker <= 5; ++worker) {
    asio::co_spawn(io, work(store, worker),
                   [&failed](const std::exception_ptr& thrown) { failed += thrown ? 1 : 0; });
  }
  io.run();
  return failed;
}
