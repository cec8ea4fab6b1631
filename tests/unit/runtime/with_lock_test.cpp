// What with_lock() (with_lock.hpp) makes of a loss, over a store whose answers the test gives. What
// it does over stores that work is tested by the conformance suite.

#include "exclusive_lock/async.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_future.hpp>
#include <functional>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "manual_store.hpp"
#include "runtime/engine.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;
using boost::system::error_code;
using boost::system::system_error;
using Body = std::function<asio::awaitable<void>()>;

class WithLock : public ::testing::Test {
 protected:
  ~WithLock() override {
    work.reset();
    io.stop();
  }

  Options options(Milliseconds ttl = 60s, Milliseconds refresh = 20ms) {
    Options options;
    options.app_name = "job";
    options.cache_connection = connection;
    options.lock_ttl = ttl;
    options.lock_refresh = refresh;
    options.allow_short_ttl = true;
    return options;
  }

  // Begins it, and lets it have the lock.
  std::future<bool> begin(ExclusiveLock& lock, Body body) {
    auto end = asio::co_spawn(
        io,
        [&lock, body = std::move(body)]() -> asio::awaitable<bool> {
          const bool done = co_await with_lock(lock, Instant::max(), body);
          co_return done;
        },
        asio::use_future);
    grant();
    return end;
  }
  void grant() {
    store->next_attempt().done(AttemptReply{.outcome = AttemptReplyStatus::granted,
                                            .fence = Fence{++fence},
                                            .remaining_ttl = 60s,
                                            .store_time = {}});
  }
  void lose() {
    store->next_refresh().done(
        RefreshReply{.verdicts = {RefreshReplyStatus::lost}, .store_time = {}});
  }
  void answer_release(ReleaseReplyStatus verdict) {
    store->next_release().done(ReleaseReply{verdict});
  }
  static std::string error_of(std::future<bool>& end) {
    if (end.wait_for(20s) != std::future_status::ready)
      return "it does not end";
    try {
      return end.get() ? "true" : "false";
    } catch (const system_error& error) {
      if (error.code() == errc::lock_lost)
        return "lock_lost";
      return error.code() == asio::error::operation_aborted ? "operation_aborted" : error.what();
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  static asio::awaitable<void> wait_long() {
    asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
    co_await timer.async_wait(asio::use_awaitable);
  }
  static asio::awaitable<void> swallow_a_cancellation() {
    try {
      co_await wait_long();
    } catch (const system_error& error) {
      EXPECT_EQ(error.code(), asio::error::operation_aborted);
    }
  }

  std::shared_ptr<ManualStore> store = std::make_shared<ManualStore>();
  std::shared_ptr<Connection> connection =
      std::make_shared<Connection>(make_engine(store, {.command_timeout = 1000ms, .log = nullptr}));
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::uint64_t fence = 4;
  std::jthread first_thread{[this] { io.run(); }};
  std::jthread second_thread{[this] { io.run(); }};
};

TEST_F(WithLock, LossCancelsTheBodyAndIsAnError) {  // G5
  ExclusiveLock lock(options());
  auto end = begin(lock, wait_long);
  lose();
  EXPECT_EQ(error_of(end), "lock_lost");
  EXPECT_FALSE(lock.held());
}

TEST_F(WithLock, SilentStoreCancelsTheBodyAtSafeUntil) {  // G5
  ExclusiveLock lock(options(150ms, 50ms));
  auto end = begin(lock, wait_long);
  EXPECT_EQ(error_of(end), "lock_lost");
  answer_release(ReleaseReplyStatus::released);  // what an unanswered refresh may have left
}

TEST_F(WithLock, BodyThatSwallowsTheCancellationIsWaitedForAndHasLostTheLock) {
  ExclusiveLock lock(options());
  bool went_on = false;
  auto end = begin(lock, [&]() -> asio::awaitable<void> {
    co_await swallow_a_cancellation();
    went_on = true;
  });
  lose();
  EXPECT_EQ(error_of(end), "lock_lost");
  EXPECT_TRUE(went_on);
}

TEST_F(WithLock, WhatTheBodyThrowsIsNestedInTheLoss) {
  ExclusiveLock lock(options());
  auto end = begin(lock, []() -> asio::awaitable<void> {
    co_await swallow_a_cancellation();
    throw std::runtime_error("the body's");
  });
  lose();
  try {
    end.get();
    FAIL() << "the lock was lost";
  } catch (const system_error& lost) {
    EXPECT_EQ(lost.code(), errc::lock_lost);
    EXPECT_THROW(std::rethrow_if_nested(lost), std::runtime_error);
  }
}

TEST_F(WithLock, NextCoAwaitOfABodyThatDidNotAwaitThrows) {
  ExclusiveLock lock(options());
  auto end = begin(lock, [&]() -> asio::awaitable<void> {
    std::promise<void> lost;
    const std::stop_callback on_loss(lock.lost_token(), [&] { lost.set_value(); });
    lose();
    lost.get_future().get();
    // The other thread of the io_context is free to bring the cancellation.
    for (;;)
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
  });
  EXPECT_EQ(error_of(end), "lock_lost");
}

TEST_F(WithLock, LossThatShowsOnlyInTheReleaseIsOne) {
  ExclusiveLock lock(options(60s, 20s));
  auto end = begin(lock, []() -> asio::awaitable<void> { co_return; });
  answer_release(ReleaseReplyStatus::not_owner);
  EXPECT_EQ(error_of(end), "lock_lost");
}

TEST_F(WithLock, WithoutALossItIsAsBefore) {
  ExclusiveLock lock(options(60s, 20s));
  auto end = begin(lock, []() -> asio::awaitable<void> { co_return; });
  answer_release(ReleaseReplyStatus::released);
  EXPECT_EQ(error_of(end), "true");
  end = begin(lock, []() -> asio::awaitable<void> {
    throw std::runtime_error("the body's");
    co_return;
  });
  answer_release(ReleaseReplyStatus::released);
  EXPECT_EQ(error_of(end), "the body's");
}

TEST_F(WithLock, ReleaseByTheBodyIsNoLoss) {
  ExclusiveLock lock(options(60s, 20s));
  auto end = begin(lock, [&]() -> asio::awaitable<void> { co_await async_release(lock); });
  answer_release(ReleaseReplyStatus::released);
  EXPECT_EQ(error_of(end), "true");
  EXPECT_FALSE(store->asked_for_release()) << "there is nothing left to release";
}

// Whose hold is over must not end the one that another coroutine of the object has got since.
TEST_F(WithLock, ReleasesItsOwnHoldOnly) {
  ExclusiveLock lock(options(60s, 100ms));
  std::promise<void> is_cancelled;
  std::promise<void> next_holds;
  auto first = begin(lock, [&, go_on = next_holds.get_future().share()]() -> asio::awaitable<void> {
    co_await swallow_a_cancellation();
    is_cancelled.set_value();
    go_on.get();  // the other thread of the io_context has work
  });
  lose();
  is_cancelled.get_future().get();
  std::promise<void> end_it;
  auto second = begin(lock, [&, end = end_it.get_future().share()]() -> asio::awaitable<void> {
    next_holds.set_value();
    end.get();
    co_return;
  });
  EXPECT_EQ(error_of(first), "lock_lost");
  EXPECT_TRUE(lock.held()) << "the second one's";
  EXPECT_FALSE(store->asked_for_release());
  end_it.set_value();
  answer_release(ReleaseReplyStatus::released);
  EXPECT_EQ(error_of(second), "true");
}

struct OutsideCancellation : WithLock {
  // with_lock() in a coroutine that lets all types through; `body` says by `begun` that it runs.
  void begin_cancellable(ExclusiveLock& lock, Body body) {
    end = asio::co_spawn(
        strand,
        [&lock, body = std::move(body)]() -> asio::awaitable<bool> {
          co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
          const bool done = co_await with_lock(lock, Instant::max(), body);
          co_return done;
        },
        asio::bind_cancellation_slot(signal.slot(), asio::use_future));
    grant();
    begun.get_future().get();
  }
  void cancel(asio::cancellation_type type) {
    asio::post(strand, [this, type] { signal.emit(type); });
  }

  asio::strand<asio::io_context::executor_type> strand{io.get_executor()};
  asio::cancellation_signal signal;
  std::promise<void> begun;
  std::future<bool> end;
};

TEST_F(OutsideCancellation, ReachesTheBodyWithItsType) {
  ExclusiveLock lock(options(60s, 20s));
  asio::cancellation_type seen = asio::cancellation_type::none;
  begin_cancellable(lock, [&]() -> asio::awaitable<void> {
    begun.set_value();
    co_await swallow_a_cancellation();
    const auto state = co_await asio::this_coro::cancellation_state;
    seen = state.cancelled();
  });
  cancel(asio::cancellation_type::total);
  answer_release(ReleaseReplyStatus::released);
  EXPECT_EQ(error_of(end), "true") << "the body has run to its end";
  EXPECT_EQ(seen, asio::cancellation_type::total);
  EXPECT_FALSE(lock.held());
}

TEST_F(OutsideCancellation, IsThrownWhereTheBodyPassesItOn) {
  ExclusiveLock lock(options(60s, 20s));
  begin_cancellable(lock, [&]() -> asio::awaitable<void> {
    begun.set_value();
    co_await wait_long();
  });
  cancel(asio::cancellation_type::terminal);
  answer_release(ReleaseReplyStatus::released);
  EXPECT_EQ(error_of(end), "operation_aborted");
  EXPECT_FALSE(lock.held());
}

TEST_F(OutsideCancellation, TogetherWithALossIsALoss) {
  ExclusiveLock lock(options());
  begin_cancellable(lock, [&]() -> asio::awaitable<void> {
    begun.set_value();
    co_await swallow_a_cancellation();
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await swallow_a_cancellation();
  });
  cancel(asio::cancellation_type::terminal);
  lose();
  EXPECT_EQ(error_of(end), "lock_lost");
}

}  // namespace
}  // namespace exclusive_lock
