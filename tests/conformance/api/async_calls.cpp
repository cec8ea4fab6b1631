// The asynchronous calls, by each style of completion, and on the executor of the user's choice.

#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <stdexcept>

#include "conformance/api/async_worker.hpp"
#include "conformance/check.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

void coroutines(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store));
  run_in_coroutine([&]() -> asio::awaitable<void> {
    EXPECT_TRUE(co_await async_acquire(lock, asio::use_awaitable));
    EXPECT_TRUE(lock.held());
    EXPECT_FALSE(co_await async_acquire(other)) << "without a token it can be awaited too";
    EXPECT_FALSE(co_await async_acquire_for(other, 500ms));
    EXPECT_EQ(co_await async_refresh(lock), RefreshOutcome::refreshed);
    EXPECT_EQ(co_await async_refresh(other), RefreshOutcome::not_held);
    const auto record = co_await async_inspect(other);
    EXPECT_TRUE(record && record->owner == lock.owner() && record->name == "job");
    EXPECT_EQ(co_await async_release(lock), ReleaseOutcome::released);
    EXPECT_FALSE(lock.held());
    EXPECT_EQ(co_await async_release(lock), ReleaseOutcome::not_held);
    const auto nobody = co_await async_inspect(other);
    EXPECT_FALSE(nobody);
  });
}

void waiting_coroutine_is_woken(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock waiter(options_for(store));
  ASSERT_TRUE(holder.acquire());
  asio::io_context io;
  auto waited = asio::co_spawn(
      io,
      [&]() -> asio::awaitable<bool> {
        co_return co_await async_acquire_for(waiter, very_long, asio::use_awaitable);
      },
      asio::use_future);
  std::thread runner([&] { EXPECT_TRUE(run_to_the_end(io)); });
  EXPECT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  holder.release();
  EXPECT_TRUE(waited.get());
  EXPECT_TRUE(waiter.held());
  runner.join();
}

void futures(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store));
  EXPECT_TRUE(async_acquire(lock, asio::use_future).get());
  EXPECT_FALSE(async_acquire_until(other, BootClock::now() + 500ms, asio::use_future).get());
  auto waits = async_acquire_for(other, very_long, asio::use_future);
  EXPECT_EQ(async_refresh(lock, asio::use_future).get(), RefreshOutcome::refreshed);
  EXPECT_TRUE(async_inspect(other, asio::use_future).get());
  EXPECT_EQ(async_release(lock, asio::use_future).get(), ReleaseOutcome::released);
  EXPECT_TRUE(waits.get());
}

void callbacks(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  asio::io_context io;
  int called = 0;
  async_acquire(lock, asio::bind_executor(io, [&](error_code error, bool acquired) {
                  EXPECT_FALSE(error);
                  EXPECT_TRUE(acquired);
                  EXPECT_TRUE(io.get_executor().running_in_this_thread());
                  ++called;
                }));
  EXPECT_EQ(called, 0) << "not before its executor runs it";
  EXPECT_TRUE(run_to_the_end(io)) << "which counts as busy until then";
  EXPECT_EQ(called, 1);
  async_release(lock, asio::bind_executor(io, [&](error_code error, ReleaseOutcome outcome) {
                  EXPECT_FALSE(error);
                  EXPECT_EQ(outcome, ReleaseOutcome::released);
                  ++called;
                }));
  EXPECT_TRUE(run_to_the_end(io));
  EXPECT_FALSE(lock.held());
  EXPECT_EQ(called, 2);
}

void a_callback_without_executor_runs_on_another_thread(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  std::promise<std::thread::id> told;
  async_acquire(lock, [&](error_code, bool) { told.set_value(std::this_thread::get_id()); });
  EXPECT_NE(told.get_future().get(), std::this_thread::get_id());
}

void errors_as_tuple_and_thrown(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock waiter(options_for(store));
  Options options = options_for(store);
  options.queue_limit = 1;
  ExclusiveLock third(options);
  ASSERT_TRUE(holder.acquire());
  auto waits = async_acquire_for(waiter, very_long, asio::use_future);
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  run_in_coroutine([&]() -> asio::awaitable<void> {
    const auto [error, acquired] =
        co_await async_acquire_for(third, very_long, asio::as_tuple(asio::use_awaitable));
    EXPECT_EQ(error, errc::queue_full);
    EXPECT_FALSE(acquired);
    try {
      co_await async_acquire_for(third, very_long, asio::use_awaitable);
      ADD_FAILURE() << "a full queue is an error";
    } catch (const boost::system::system_error& thrown) {
      EXPECT_EQ(thrown.code(), errc::queue_full);
    }
    const auto [none, outcome] = co_await async_release(holder, asio::as_tuple);
    EXPECT_FALSE(none);
    EXPECT_EQ(outcome, ReleaseOutcome::released);
  });
  EXPECT_TRUE(waits.get());
}

void handlers_run_on_the_users_strand(StoreUnderTest& store) {
  constexpr int workers = 8;
  asio::thread_pool pool(2);
  const auto strand = asio::make_strand(pool);
  const auto connection = store.connection();
  std::deque<ExclusiveLock> locks;
  int done = 0;  // of the strand
  for (int i = 0; i < workers; ++i)
    locks.emplace_back(options_for(store, connection));
  for (ExclusiveLock& lock : locks) {
    async_acquire_for(lock, very_long,
                      asio::bind_executor(strand, [&lock, &done, strand](error_code, bool got) {
                        EXPECT_TRUE(strand.running_in_this_thread());
                        EXPECT_TRUE(got && lock.held());
                        ++done;
                        async_release(lock, asio::bind_executor(strand, asio::detached));
                      }));
  }
  pool.join();
  EXPECT_EQ(done, workers);
}

void many_at_once_on_one_thread(StoreUnderTest& store) {
  constexpr int workers = 40;
  const auto connection = store.connection();
  // Who meets a server without our scripts comes again with them, behind those who came meanwhile.
  ASSERT_TRUE(ExclusiveLock(options_for(store, connection)).acquire());
  std::deque<ExclusiveLock> locks;
  asio::io_context io;
  int inside = 0;
  std::vector<int> served;
  for (int i = 0; i < workers; ++i) {
    ExclusiveLock& lock = locks.emplace_back(options_for(store, connection));
    const auto work = [&, i]() -> asio::awaitable<void> {
      EXPECT_EQ(++inside, 1);
      co_await async_inspect(lock, asio::use_awaitable);  // gives way to the others
      --inside;
      served.push_back(i);
    };
    asio::co_spawn(
        io,
        [&lock, work]() -> asio::awaitable<void> {
          const bool served_in_time = co_await with_lock(lock, BootClock::now() + very_long, work);
          EXPECT_TRUE(served_in_time);
        },
        asio::detached);
  }
  ASSERT_TRUE(run_to_the_end(io));
  ASSERT_EQ(served.size(), std::size_t{workers});
  EXPECT_TRUE(std::is_sorted(served.begin(), served.end())) << "first come, first served";
}

void coroutines_share_an_object_as_a_mutex(StoreUnderTest& store) {
  constexpr int workers = 20;
  ExclusiveLock lock(options_for(store));
  asio::io_context io;
  int inside = 0;
  int done = 0;
  const auto work = [&]() -> asio::awaitable<void> {
    EXPECT_EQ(++inside, 1);
    co_await async_inspect(lock, asio::use_awaitable);
    --inside;
    ++done;
  };
  for (int i = 0; i < workers; ++i) {
    asio::co_spawn(
        io,
        [&]() -> asio::awaitable<void> {
          EXPECT_TRUE(co_await with_lock(lock, Instant::max(), work));
        },
        asio::detached);
  }
  ASSERT_TRUE(run_to_the_end(io));
  EXPECT_EQ(done, workers);
}

void guard_releases_before_the_next_line(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store));
  const auto deadline = BootClock::now() + very_long;
  run_in_coroutine([&]() -> asio::awaitable<void> {
    const auto value = co_await with_lock(lock, deadline, [&]() -> asio::awaitable<int> {
      EXPECT_TRUE(lock.held());
      EXPECT_FALSE(co_await async_acquire(other));
      co_return 7;
    });
    EXPECT_EQ(value, 7);
    EXPECT_TRUE(co_await async_acquire(other)) << "released before the next line";
    const auto soon = BootClock::now() + 500ms;
    const auto none = co_await with_lock(lock, soon, [&]() -> asio::awaitable<int> {
      ADD_FAILURE() << "it is not held";
      co_return 7;
    });
    EXPECT_FALSE(none);
    co_await async_release(other);
    try {
      co_await with_lock(lock, deadline, [&]() -> asio::awaitable<void> {
        EXPECT_TRUE(lock.held());
        throw std::runtime_error("the body's");
        co_return;
      });
      ADD_FAILURE() << "what the body throws is thrown";
    } catch (const std::runtime_error& thrown) {
      EXPECT_STREQ(thrown.what(), "the body's");
    }
    EXPECT_TRUE(co_await async_acquire(other)) << "released all the same";
  });
}

}  // namespace

Checks async_call_checks() {
  return {{"AsyncCallsAreForCoroutines", coroutines},
          {"AsyncWaiterIsWoken", waiting_coroutine_is_woken},
          {"AsyncCallsAreForFutures", futures},
          {"AsyncCallsAreForCallbacks", callbacks},
          {"AsyncCallbackWithoutExecutorRunsOnAnotherThread",
           a_callback_without_executor_runs_on_another_thread},
          {"AsyncErrorsComeAsTupleOrThrown", errors_as_tuple_and_thrown},
          {"AsyncHandlersRunOnTheUsersStrand", handlers_run_on_the_users_strand},
          {"AsyncManyAtOnceOnOneThread", many_at_once_on_one_thread},
          {"AsyncCoroutinesShareAnObjectAsAMutex", coroutines_share_an_object_as_a_mutex},
          {"AsyncGuardReleasesBeforeTheNextLine", guard_releases_before_the_next_line}};
}

}  // namespace exclusive_lock::conformance
