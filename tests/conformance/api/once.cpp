// once(), async_once() and hold_at_least(). G12.

#include "exclusive_lock/once.hpp"

#include <boost/asio/steady_timer.hpp>
#include <stdexcept>

#include "conformance/api/async_worker.hpp"
#include "conformance/check.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

LockDirectory directory(StoreUnderTest& store) {
  return LockDirectory(store.connection(), store.prefix());
}

std::optional<LastDone> last_done(StoreUnderTest& store) {
  return directory(store).last_done("job");
}

// Everybody comes at once, and waits for whoever runs.
void one_of_a_fleet_runs(StoreUnderTest& store) {
  constexpr int hosts = 8;
  std::atomic<int> runs = 0;
  std::vector<std::future<OnceOutcome>> outcomes;
  for (int i = 0; i < hosts; ++i) {
    outcomes.push_back(std::async(std::launch::async, [options = options_for(store), &runs] {
      return once(options, once_for_good, [&runs](ExclusiveLock& lock) {
        EXPECT_TRUE(lock.held());
        ++runs;
      });
    }));
  }
  int ran = 0;
  for (auto& outcome : outcomes) {
    const OnceOutcome one = outcome.get();
    EXPECT_TRUE(one == OnceOutcome::ran || one == OnceOutcome::skipped);
    ran += one == OnceOutcome::ran ? 1 : 0;
  }
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(ran, 1);
  EXPECT_FALSE(ExclusiveLock(options_for(store)).inspect()) << "the lock is free";
}

void failure_is_run_by_who_waits(StoreUnderTest& store) {
  ExclusiveLock watch(options_for(store));
  std::future<OnceOutcome> waiter;
  const auto fails = [&](ExclusiveLock&) {
    waiter = std::async(std::launch::async,
                        [&store] { return once(options_for(store), 1h, [](ExclusiveLock&) {}); });
    EXPECT_TRUE(comes_true([&] { return waiting_for(watch) == 1; }));
    throw std::runtime_error("failed");
  };
  EXPECT_THROW(once(options_for(store), 1h, fails), std::runtime_error);
  EXPECT_EQ(waiter.get(), OnceOutcome::ran);
  EXPECT_EQ(once(options_for(store), 1h, [](ExclusiveLock&) {}), OnceOutcome::skipped);
}

void record_that_is_removed_is_not_done(StoreUnderTest& store) {
  const auto removes = [&](ExclusiveLock& lock) {
    EXPECT_TRUE(directory(store).force_release(lock.inspect().value()));
  };
  EXPECT_EQ(once(options_for(store), 1h, removes), OnceOutcome::lost);
  EXPECT_FALSE(last_done(store));
}

void minimum_hold_outlives_object_and_connection(StoreUnderTest& store) {
  {
    ExclusiveLock lock(options_for(store));
    ASSERT_TRUE(lock.acquire());
    EXPECT_EQ(lock.hold_at_least(1h), RefreshOutcome::refreshed);
  }
  ExclusiveLock other(options_for(store));
  EXPECT_FALSE(other.acquire());
  const auto record = other.inspect();
  ASSERT_TRUE(record && record->remaining_ttl);
  EXPECT_TRUE(record->closed);
  EXPECT_GT(*record->remaining_ttl, 50min);
  EXPECT_LE(*record->remaining_ttl, 1h);
}

void minimum_hold_has_an_end(StoreUnderTest& store) {
  ExclusiveLock lock(with_ttl(options_for(store), 200ms, 50ms));
  ExclusiveLock other(options_for(store));
  ASSERT_TRUE(lock.acquire());
  const Instant began = BootClock::now();
  EXPECT_EQ(lock.hold_at_least(500ms), RefreshOutcome::refreshed);
  EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  ASSERT_TRUE(other.acquire_for(very_long));
  EXPECT_GE(BootClock::now() - began, 490ms) << "less 1 % for the store's clock";
}

// What is done is done, also where the name is still closed.
void who_waited_in_vain_for_a_closed_name_is_skipped(StoreUnderTest& store) {
  std::future<OnceOutcome> waiter;
  ExclusiveLock watch(options_for(store));
  const auto work = [&](ExclusiveLock&) {
    waiter = std::async(std::launch::async, [&store] {
      return once(options_for(store), 1h, [](ExclusiveLock&) {}, {.wait = 2s});
    });
    EXPECT_TRUE(comes_true([&] { return waiting_for(watch) == 1; }));
  };
  EXPECT_EQ(once(options_for(store), 1h, work, {.min_hold = 1h}), OnceOutcome::ran);
  EXPECT_EQ(waiter.get(), OnceOutcome::skipped);
}

asio::awaitable<void> nothing() { co_return; }

void coroutines_run_once(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store));
  run_in_coroutine([&]() -> asio::awaitable<void> {
    const auto first = co_await async_once(lock, 1h, [&]() -> asio::awaitable<void> {
      EXPECT_TRUE(lock.held());
      const auto busy = co_await async_once(other, 1h, nothing, {.wait = 0ms});
      EXPECT_EQ(busy, OnceOutcome::busy);
    });
    EXPECT_EQ(first, OnceOutcome::ran);
    EXPECT_FALSE(lock.held());
    const auto second = co_await async_once(other, 1h, nothing);
    EXPECT_EQ(second, OnceOutcome::skipped);
    const auto third = co_await async_once(other, 1h, nothing, {.tolerance = 1h, .min_hold = 1h});
    EXPECT_EQ(third, OnceOutcome::ran);
    const bool acquired = co_await async_acquire(lock);
    EXPECT_FALSE(acquired) << "the minimum hold keeps the name closed";
  });
}

void coroutines_of_one_object_take_turns(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  asio::io_context io;
  std::atomic<int> runs = 0;
  const auto one = [&]() -> asio::awaitable<OnceOutcome> {
    const auto outcome = co_await async_once(lock, 1h, [&]() -> asio::awaitable<void> {
      ++runs;
      asio::steady_timer pause(co_await asio::this_coro::executor, 10ms);
      co_await pause.async_wait(asio::use_awaitable);
    });
    co_return outcome;
  };
  auto first = asio::co_spawn(io, one, asio::use_future);
  auto second = asio::co_spawn(io, one, asio::use_future);
  ASSERT_TRUE(run_to_the_end(io));
  EXPECT_EQ(std::set({first.get(), second.get()}),
            std::set({OnceOutcome::ran, OnceOutcome::skipped}));
  EXPECT_EQ(runs, 1);
}

void coroutine_that_fails_or_is_cancelled_records_nothing(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  asio::io_context io;
  asio::cancellation_signal cancel;
  const auto failing = [&]() -> asio::awaitable<void> {
    co_await async_once(lock, 1h, []() -> asio::awaitable<void> {
      throw std::runtime_error("failed");
      co_return;
    });
  };
  auto failed = asio::co_spawn(io, failing, asio::use_future);
  ASSERT_TRUE(run_to_the_end(io));
  EXPECT_THROW(failed.get(), std::runtime_error);
  const auto waiting = [&]() -> asio::awaitable<void> {
    co_await async_once(lock, 1h, [&]() -> asio::awaitable<void> {
      const auto executor = co_await asio::this_coro::executor;
      asio::post(executor, [&] { cancel.emit(asio::cancellation_type::terminal); });
      asio::steady_timer for_long(executor, very_long);
      co_await for_long.async_wait(asio::use_awaitable);
    });
  };
  auto cancelled =
      asio::co_spawn(io, waiting, asio::bind_cancellation_slot(cancel.slot(), asio::use_future));
  ASSERT_TRUE(run_to_the_end(io));
  EXPECT_THROW(cancelled.get(), boost::system::system_error);
  EXPECT_FALSE(last_done(store));
  EXPECT_FALSE(lock.inspect()) << "the lock is free";
}

void coroutine_that_loses_the_lock_records_nothing(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  run_in_coroutine([&]() -> asio::awaitable<void> {
    const auto outcome = co_await async_once(lock, 1h, [&]() -> asio::awaitable<void> {
      EXPECT_TRUE(directory(store).force_release(lock.inspect().value()));
      co_return;
    });
    EXPECT_EQ(outcome, OnceOutcome::lost);
  });
  EXPECT_FALSE(last_done(store));
}

void mistakes_are_refused_before_it_is_awaited(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  EXPECT_THROW(async_once(lock, 0ms, nothing), ValidationError);
  EXPECT_THROW(async_once(lock, 1h, nothing, {.tolerance = 2h}), ValidationError);
}

}  // namespace

Checks once_checks() {
  return {
      {"OneOfAFleetRuns", one_of_a_fleet_runs},
      {"FailureIsRunByWhoWaits", failure_is_run_by_who_waits},
      {"RecordThatIsRemovedIsNotDone", record_that_is_removed_is_not_done},
      {"MinimumHoldOutlivesObjectAndConnection", minimum_hold_outlives_object_and_connection},
      {"MinimumHoldHasAnEnd", minimum_hold_has_an_end},
      {"WhoWaitedInVainForAClosedNameIsSkipped", who_waited_in_vain_for_a_closed_name_is_skipped},
      {"CoroutinesRunOnce", coroutines_run_once},
      {"CoroutinesOfOneObjectTakeTurns", coroutines_of_one_object_take_turns},
      {"CoroutineThatFailsOrIsCancelledRecordsNothing",
       coroutine_that_fails_or_is_cancelled_records_nothing},
      {"CoroutineThatLosesTheLockRecordsNothing", coroutine_that_loses_the_lock_records_nothing},
      {"OnceRefusesMistakesBeforeItIsAwaited", mistakes_are_refused_before_it_is_awaited}};
}

}  // namespace exclusive_lock::conformance
