// What is cancelled, destroyed or forked ends at once and leaves nothing behind (G4).

#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>

#include "conformance/api/async_worker.hpp"
#include "conformance/check.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

// An acquire with a slot of its own.
struct Cancellable {
  asio::io_context io{};
  asio::cancellation_signal signal{};
  std::optional<error_code> error{};
  bool acquired = false;

  void acquire(ExclusiveLock& lock) {
    async_acquire_for(lock, very_long,
                      asio::bind_cancellation_slot(
                          signal.slot(), asio::bind_executor(io, [this](error_code told, bool yes) {
                            error = told;
                            acquired = yes;
                          })));
  }
};

void slot_ends_a_wait(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock waiter(options_for(store));
  ASSERT_TRUE(holder.acquire());
  for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                          asio::cancellation_type::total}) {
    Cancellable call;
    call.acquire(waiter);
    ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
    call.signal.emit(type);
    EXPECT_FALSE(call.error) << "the handler runs on its executor";
    ASSERT_TRUE(run_to_the_end(call.io));
    EXPECT_EQ(call.error, error_code(asio::error::operation_aborted));
    EXPECT_FALSE(call.acquired);
    EXPECT_TRUE(comes_true([&] { return waiting_for(holder) == 0; }));
  }
  holder.release();
  EXPECT_TRUE(waiter.acquire());
}

void timer_is_faster(StoreUnderTest& store) {
  using asio::experimental::awaitable_operators::operator||;
  ExclusiveLock holder(options_for(store));
  ExclusiveLock waiter(options_for(store));
  ASSERT_TRUE(holder.acquire());
  run_in_coroutine([&]() -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, 30ms);
    const auto first = co_await (async_acquire_for(waiter, very_long, asio::use_awaitable) ||
                                 timer.async_wait(asio::use_awaitable));
    EXPECT_EQ(first.index(), 1U);
  });
  EXPECT_FALSE(waiter.held());
  EXPECT_TRUE(comes_true([&] { return waiting_for(holder) == 0; }));
  holder.release();
  run_in_coroutine([&]() -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor, very_long);
    const auto first = co_await (async_acquire_for(waiter, very_long, asio::use_awaitable) ||
                                 timer.async_wait(asio::use_awaitable));
    EXPECT_EQ(first.index(), 0U);
  });
  EXPECT_TRUE(waiter.held());
}

void guard_releases_when_its_coroutine_is_cancelled(StoreUnderTest& store) {
  using asio::experimental::awaitable_operators::operator||;
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store));
  run_in_coroutine([&]() -> asio::awaitable<void> {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer long_work(executor, very_long);
    bool has_begun = false;
    const auto work = [&]() -> asio::awaitable<void> {
      EXPECT_TRUE(lock.held());
      has_begun = true;
      co_await long_work.async_wait(asio::use_awaitable);
      ADD_FAILURE() << "the body goes on although it was cancelled";
    };
    const auto work_to_begin = [&]() -> asio::awaitable<void> {
      asio::steady_timer pause(executor);
      while (!has_begun) {
        pause.expires_after(1ms);
        co_await pause.async_wait(asio::use_awaitable);
      }
    };
    const auto first = co_await (with_lock(lock, Instant::max(), work) || work_to_begin());
    EXPECT_EQ(first.index(), 1U);
    EXPECT_FALSE(lock.held());
    EXPECT_TRUE(co_await async_acquire(other)) << "released before the next line";
  });
}

// The release, the end of the waiting and the handler meet in every order; CrossedGrant makes
// sure of one.
void grant_that_crosses_a_cancellation_is_passed_on(StoreUnderTest& store) {
  const auto connection = store.connection();
  for (int round = 0; round < 30; ++round) {
    ExclusiveLock holder(options_for(store, connection));
    ExclusiveLock crossing(options_for(store, connection));
    ExclusiveLock next(options_for(store, connection));
    ASSERT_TRUE(holder.acquire_for(very_long));
    Cancellable call;
    call.acquire(crossing);
    ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
    std::thread release([&] { holder.release(); });
    call.signal.emit(asio::cancellation_type::total);
    ASSERT_TRUE(run_to_the_end(call.io));
    release.join();
    EXPECT_EQ(call.error, error_code(asio::error::operation_aborted)) << "round " << round;
    ASSERT_TRUE(next.acquire_for(a_heartbeat_or_so)) << "round " << round;
  }
}

void grant_that_nobody_was_told_of_is_given_back(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store));
  Cancellable call;
  call.acquire(lock);
  ASSERT_TRUE(comes_true([&] { return lock.held(); }));
  call.signal.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(run_to_the_end(call.io));
  EXPECT_EQ(call.error, error_code(asio::error::operation_aborted));
  EXPECT_FALSE(call.acquired);
  EXPECT_TRUE(comes_true([&] { return !lock.held(); }));
  EXPECT_TRUE(other.acquire_for(very_long));
}

void cancelled_call_does_not_take_the_hold_from_another(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  Cancellable call;
  call.acquire(lock);
  ASSERT_TRUE(comes_true([&] { return lock.held(); }));
  ASSERT_TRUE(lock.acquire()) << "acquire() asks the object";
  call.signal.emit(asio::cancellation_type::terminal);
  ASSERT_TRUE(run_to_the_end(call.io));
  EXPECT_EQ(call.error, error_code(asio::error::operation_aborted));
  EXPECT_EQ(lock.refresh(), RefreshOutcome::refreshed);
}

void cancelled_release_goes_on(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store));
  ASSERT_TRUE(lock.acquire());
  asio::io_context io;
  asio::cancellation_signal signal;
  async_release(
      lock, asio::bind_cancellation_slot(signal.slot(), asio::bind_executor(io, asio::detached)));
  signal.emit(asio::cancellation_type::total);
  EXPECT_TRUE(run_to_the_end(io));
  EXPECT_TRUE(other.acquire_for(very_long));
}

void destructor_ends_what_is_under_way(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ASSERT_TRUE(holder.acquire());
  auto waiter = std::make_unique<ExclusiveLock>(options_for(store));
  Cancellable call;
  call.acquire(*waiter);
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  waiter.reset();
  EXPECT_TRUE(comes_true([&] { return waiting_for(holder) == 0; }));
  call.signal.emit(asio::cancellation_type::total);  // of what has ended: nothing
  ASSERT_TRUE(run_to_the_end(call.io));
  EXPECT_EQ(call.error, error_code(asio::error::operation_aborted));
}

void forked_child_is_refused(StoreUnderTest& store) {
  enum ChildFault : int { acquires = 1, waits = 2, refreshes = 4, releases = 8, inspects = 16 };
  ExclusiveLock lock(options_for(store));
  ASSERT_TRUE(lock.acquire());
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);  // a call that waits for a thread of the parent never returns
    int faults = acquires | waits | refreshes | releases | inspects;
    asio::io_context io;
    const auto refused = [&](ChildFault fault) {
      return asio::bind_executor(io, [&faults, fault](error_code error, const auto&) {
        faults &= error == errc::connection_closed ? ~fault : ~0;
      });
    };
    async_acquire(lock, refused(acquires));
    async_acquire_for(lock, very_long, refused(waits));
    async_inspect(lock, refused(inspects));
    async_refresh(lock, asio::bind_executor(io, [&](error_code, RefreshOutcome outcome) {
                    faults &= outcome == RefreshOutcome::not_held ? ~refreshes : ~0;
                  }));
    async_release(lock, asio::bind_executor(io, [&](error_code, ReleaseOutcome outcome) {
                    faults &= outcome == ReleaseOutcome::not_held ? ~releases : ~0;
                  }));
    io.run();
    ::_exit(faults);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "see ChildFault";
  EXPECT_EQ(lock.refresh(), RefreshOutcome::refreshed);
}

}  // namespace

Checks async_cancelling_checks() {
  return {{"AsyncSlotEndsAWait", slot_ends_a_wait},
          {"AsyncTimerMayBeFaster", timer_is_faster},
          {"AsyncGuardReleasesWhenItsCoroutineIsCancelled",
           guard_releases_when_its_coroutine_is_cancelled},
          {"AsyncGrantThatCrossesACancellationIsPassedOn",
           grant_that_crosses_a_cancellation_is_passed_on},
          {"AsyncGrantThatNobodyWasToldOfIsGivenBack", grant_that_nobody_was_told_of_is_given_back},
          {"AsyncCancelledCallDoesNotTakeTheHoldFromAnother",
           cancelled_call_does_not_take_the_hold_from_another},
          {"AsyncCancelledReleaseGoesOn", cancelled_release_goes_on},
          {"AsyncDestructorEndsWhatIsUnderWay", destructor_ends_what_is_under_way},
          {"AsyncForkedChildIsRefused", forked_child_is_refused}};
}

}  // namespace exclusive_lock::conformance
