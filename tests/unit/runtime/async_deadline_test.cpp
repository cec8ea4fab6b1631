// Deadlines and wait options at the ends of their types, for the forms of async.hpp. Those that
// block are in exclusive_lock_test.cpp.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <limits>
#include <memory>

#include "exclusive_lock/async.hpp"
#include "manual_store.hpp"
#include "runtime/engine.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using std::chrono::duration;
using std::chrono::hours;
using std::chrono::steady_clock;
using std::chrono::system_clock;
using Body = std::function<asio::awaitable<void>()>;

class AsyncDeadline : public ::testing::Test {
 protected:
  static Options options_for(const std::shared_ptr<Connection>& connection) {
    Options options;
    options.app_name = "job";
    options.cache_connection = connection;
    return options;
  }
  static AttemptReply answer(AttemptReplyStatus outcome) {
    return {.outcome = outcome, .fence = Fence{5}, .remaining_ttl = 3000ms, .store_time = {}};
  }
  void answer_attempt(AttemptReplyStatus outcome) {
    auto attempt = store_->next_attempt();
    EXPECT_GE(attempt.deadline, BootClock::now() - 1min) << "the store is given time";
    attempt.done(answer(outcome));
  }
  void answer_release() {
    store_->next_release().done(ReleaseReply{.verdict = ReleaseReplyStatus::released});
  }
  template <class WaitOptions>
  std::future<bool> acquire_for(const WaitOptions& wait_options) {
    return async_acquire_for(lock_, wait_options, asio::use_future);
  }
  template <class Deadline>
  std::future<bool> acquire_until(const Deadline& deadline) {
    return async_acquire_until(lock_, deadline, asio::use_future);
  }
  template <class Deadline>
  std::future<bool> hold_until(const Deadline& deadline) {
    return asio::co_spawn(
        pool_,
        [this, deadline]() -> asio::awaitable<bool> {
          const Body body = []() -> asio::awaitable<void> { co_return; };
          const bool done = co_await with_lock(lock_, deadline, body);
          co_return done;
        },
        asio::use_future);
  }
  void expect_one_try(std::future<bool> acquired) {
    answer_attempt(AttemptReplyStatus::busy);
    ASSERT_EQ(acquired.wait_for(20s), std::future_status::ready) << "it waits";
    EXPECT_FALSE(acquired.get());
  }
  void expect_a_wait(std::future<bool> acquired) {
    answer_attempt(AttemptReplyStatus::busy);
    answer_attempt(AttemptReplyStatus::granted);
    EXPECT_TRUE(acquired.get());
    auto outcome = async_release(lock_, asio::use_future);
    answer_release();
    EXPECT_EQ(outcome.get(), ReleaseOutcome::released);
  }

  std::shared_ptr<ManualStore> store_ = std::make_shared<ManualStore>();
  std::shared_ptr<Connection> connection_ = std::make_shared<Connection>(
      make_engine(store_, {.command_timeout = 1000ms, .log = nullptr}));
  ExclusiveLock lock_{options_for(connection_)};
  asio::thread_pool pool_{1};
};

TEST_F(AsyncDeadline, EndlessWaitOfAnyTypeIsOne) {
  expect_a_wait(acquire_for(hours::max()));
  expect_a_wait(acquire_for(std::chrono::nanoseconds::max()));
  expect_a_wait(acquire_for(duration<std::uint64_t>::max()));
  expect_a_wait(acquire_for(duration<double>::max()));
  expect_a_wait(acquire_for(duration<float>(std::numeric_limits<float>::infinity())));
}

TEST_F(AsyncDeadline, ThatNoClockReachesIsNone) {
  expect_a_wait(acquire_until(Instant::max()));
  expect_a_wait(acquire_until(system_clock::time_point::max()));
  expect_a_wait(acquire_until(std::chrono::time_point<steady_clock, hours>::max()));
  expect_a_wait(acquire_until(std::chrono::time_point<BootClock, hours>::max()));
}

TEST_F(AsyncDeadline, WaitBelowZeroIsOneTry) {
  expect_one_try(acquire_for(0ms));
  expect_one_try(acquire_for(-1ms));
  expect_one_try(acquire_for(hours::min()));
  expect_one_try(acquire_for(std::chrono::nanoseconds::min()));
  expect_one_try(acquire_for(duration<std::int8_t>(-128)));
  expect_one_try(acquire_for(duration<unsigned>(0)));
  expect_one_try(acquire_for(duration<double>(std::numeric_limits<double>::quiet_NaN())));
}

TEST_F(AsyncDeadline, ThatHasPassedIsOneTry) {
  expect_one_try(acquire_until(Instant::min()));
  expect_one_try(acquire_until(std::chrono::time_point<BootClock, hours>::min()));
  expect_one_try(acquire_until(steady_clock::time_point::min()));
  expect_one_try(acquire_until(system_clock::time_point::min()));
  expect_one_try(acquire_until(std::chrono::sys_time<duration<unsigned>>()));
}

TEST_F(AsyncDeadline, OfWithLockAtTheEndsOfItsType) {
  expect_one_try(hold_until(system_clock::time_point::min()));
  expect_one_try(hold_until(Instant::min()));
  auto held = hold_until(steady_clock::time_point::max());
  answer_attempt(AttemptReplyStatus::busy);
  answer_attempt(AttemptReplyStatus::granted);
  answer_release();
  EXPECT_TRUE(held.get());
}

}  // namespace
}  // namespace exclusive_lock
