// ExclusiveLock over a store that answers late, wrongly timed, or not at all. What it does over
// stores that work is tested by the conformance suite.

#include "exclusive_lock/exclusive_lock.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <future>
#include <limits>
#include <memory>
#include <stdexcept>

#include "manual_store.hpp"
#include "runtime/engine.hpp"
#include "runtime/pending.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

using std::chrono::duration;

constexpr auto long_enough = 20s;  // a failure, not a duration that is waited
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

TEST(Store, WaitingThreadBeginsWhatItWaitsFor) {
  ManualStore store;
  Pending<bool> answer;
  answer.answer(true);  // so that this test ends
  bool has_begun = false;
  store.wait([&] { has_begun = true; }, answer);
  EXPECT_TRUE(has_begun);
}

class ExclusiveLockTest : public ::testing::Test {
 protected:
  std::shared_ptr<ManualStore> store = std::make_shared<ManualStore>();
  std::shared_ptr<Connection> connection =
      std::make_shared<Connection>(make_engine(store, {.command_timeout = 1000ms, .log = nullptr}));

  Options options(Milliseconds ttl = 3000ms, Milliseconds refresh = 1000ms) {
    Options options;
    options.app_name = "job";
    options.cache_connection = connection;
    options.lock_ttl = ttl;
    options.lock_refresh = refresh;
    options.allow_short_ttl = true;
    return options;
  }
  static AttemptReply granted() {
    return {.outcome = AttemptReplyStatus::granted,
            .fence = Fence{5},
            .remaining_ttl = 3000ms,
            .store_time = {}};
  }
  static AttemptReply busy() {
    return {.outcome = AttemptReplyStatus::busy,
            .fence = Fence{4},
            .remaining_ttl = 3000ms,
            .store_time = {}};
  }
  static ReleaseReply released() { return {ReleaseReplyStatus::released}; }
  static StoreFailure unanswered() {
    return {.code = errc::outcome_unknown, .message = "no answer", .may_have_run = true};
  }

  void acquire(ExclusiveLock& lock) {
    auto acquired = std::async(std::launch::async, [&] { return lock.acquire(); });
    store->next_attempt().done(granted());
    ASSERT_TRUE(acquired.get());
  }
  void release(ExclusiveLock& lock) {
    auto outcome = std::async(std::launch::async, [&] { return lock.release(); });
    store->next_release().done(released());
    ASSERT_EQ(outcome.get(), ReleaseOutcome::released);
  }
};

TEST_F(ExclusiveLockTest, UnansweredAttemptThrowsIsGivenBackAndIsNotRepeatedUnderItsTicket) {  // G4
  ExclusiveLock lock(options());
  auto acquired = std::async(std::launch::async, [&] { return lock.acquire(); });
  auto first = store->next_attempt();
  first.done(unanswered());
  try {
    acquired.get();
    FAIL() << "said yes or no to an unknown outcome";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), errc::outcome_unknown);
    EXPECT_TRUE(error.may_have_run());
  }
  auto back = store->next_release();
  EXPECT_EQ(back.request.owner, first.request.owner);
  back.done(released());

  auto again = std::async(std::launch::async, [&] { return lock.acquire(); });
  auto second = store->next_attempt();
  EXPECT_EQ(second.request.owner.id, first.request.owner.id);
  EXPECT_EQ(second.request.owner.ticket, first.request.owner.ticket + 1);
  second.done(granted());
  EXPECT_TRUE(again.get());
  release(lock);
}

TEST_F(ExclusiveLockTest, GivingBackIsTriedAgainUntilTheStoreAnswers) {  // G4, G8
  ExclusiveLock lock(options());
  auto acquired = std::async(std::launch::async, [&] {
    std::error_code error;
    return lock.acquire(error);
  });
  store->next_attempt().done(unanswered());
  EXPECT_FALSE(acquired.get());
  for (int tries = 0; tries < 3; ++tries)
    store->next_release().done(unanswered());
  store->next_release().done(released());
}

TEST_F(ExclusiveLockTest, ConnectionStaysUntilWhatIsGivenBackHasBeenAnswered) {  // G8
  auto lock = std::make_unique<ExclusiveLock>(options());
  auto acquired = std::async(std::launch::async, [&] {
    std::error_code error;
    return lock->acquire(error);
  });
  store->next_attempt().done(unanswered());
  EXPECT_FALSE(acquired.get());
  auto first = store->next_release();
  lock.reset();
  auto closed = std::async(std::launch::async, [&] { connection.reset(); });
  first.done(unanswered());
  store->next_release().done(released());
  EXPECT_EQ(closed.wait_for(long_enough), std::future_status::ready);
}

TEST_F(ExclusiveLockTest, IsNotHeldAnyMoreWhenTheReleaseIsSent) {
  ExclusiveLock lock(options());
  acquire(lock);
  EXPECT_TRUE(lock.held());
  auto outcome = std::async(std::launch::async, [&] { return lock.release(); });
  auto asked = store->next_release();
  EXPECT_FALSE(lock.held());
  EXPECT_FALSE(lock.fence());
  EXPECT_TRUE(lock.owner().empty());
  asked.done(released());
  EXPECT_EQ(outcome.get(), ReleaseOutcome::released);
}

TEST_F(ExclusiveLockTest, UnansweredReleaseIsUnknownAndGoesOnInTheBackground) {
  ExclusiveLock lock(options());
  acquire(lock);
  auto outcome = std::async(std::launch::async, [&] { return lock.release(); });
  store->next_release().done(unanswered());
  EXPECT_EQ(outcome.get(), ReleaseOutcome::unknown);
  EXPECT_FALSE(lock.held());
  store->next_release().done(released());
}

TEST_F(ExclusiveLockTest, SilentStoreEndsTheHoldAtSafeUntilAndNotifiesAll) {  // G5
  ExclusiveLock lock(options(200ms, 50ms));
  std::promise<LossReason> notified;
  lock.on_lost([&](const LostEvent& event) { notified.set_value(event.reason); });
  acquire(lock);
  const auto token = lock.lost_token();
  const auto until = lock.safe_until();
  ASSERT_TRUE(until);
  EXPECT_FALSE(token.stop_requested());
  std::promise<Instant> stopped;
  const std::stop_callback on_stop(token, [&] { stopped.set_value(BootClock::now()); });

  auto reason = notified.get_future();
  ASSERT_EQ(reason.wait_for(long_enough), std::future_status::ready);
  EXPECT_EQ(reason.get(), LossReason::not_confirmed);
  EXPECT_GE(stopped.get_future().get(), *until);
  EXPECT_FALSE(lock.held());
  store->next_release().done(released());  // what an unanswered refresh may have left
}

TEST_F(ExclusiveLockTest, RefreshAnsweredAfterTheLossDoesNotReviveIt) {  // G5
  ExclusiveLock lock(options(150ms, 50ms));
  std::promise<void> lost;
  lock.on_lost([&](const LostEvent&) { lost.set_value(); });
  acquire(lock);
  auto refresh = store->next_refresh();
  ASSERT_EQ(lost.get_future().wait_for(long_enough), std::future_status::ready);
  refresh.done(RefreshReply{.verdicts = {RefreshReplyStatus::refreshed}, .store_time = {}});
  EXPECT_FALSE(lock.held());
  store->next_release().done(released());
}

TEST_F(ExclusiveLockTest, RefreshThatTheStoreDeniesIsALossAtOnce) {  // G5
  ExclusiveLock lock(options(60s, 50ms));
  acquire(lock);
  std::promise<void> stopped;
  const std::stop_callback on_stop(lock.lost_token(), [&] { stopped.set_value(); });
  store->next_refresh().done(
      RefreshReply{.verdicts = {RefreshReplyStatus::lost}, .store_time = {}});
  ASSERT_EQ(stopped.get_future().wait_for(long_enough), std::future_status::ready);
  EXPECT_FALSE(lock.held());
  EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
}

TEST_F(ExclusiveLockTest, LostTokenWithoutAHoldIsStopped) {
  ExclusiveLock lock(options());
  EXPECT_TRUE(lock.lost_token().stop_requested());
  acquire(lock);
  const auto token = lock.lost_token();
  release(lock);
  EXPECT_FALSE(token.stop_requested()) << "released is not lost";
  EXPECT_TRUE(lock.lost_token().stop_requested());
}

TEST_F(ExclusiveLockTest, StopEndsAWaitInTheMiddleOfAnUnansweredAttempt) {
  ExclusiveLock lock(options());
  std::stop_source stop;
  auto acquired =
      std::async(std::launch::async, [&] { return lock.acquire_for(1h, stop.get_token()); });
  auto attempt = store->next_attempt();
  stop.request_stop();
  ASSERT_EQ(acquired.wait_for(long_enough), std::future_status::ready);
  EXPECT_FALSE(acquired.get());
  store->next_release().done(released());
  attempt.done(granted());  // crosses the cancel: given back again
  EXPECT_EQ(store->next_release().request.owner, attempt.request.owner);
  EXPECT_FALSE(lock.held());
}

TEST_F(ExclusiveLockTest, StopEndsAPause) {
  ExclusiveLock lock(options());
  std::stop_source stop;
  auto acquired =
      std::async(std::launch::async, [&] { return lock.acquire_for(1h, stop.get_token()); });
  store->next_attempt().done(unanswered());
  store->next_release().done(released());
  stop.request_stop();
  EXPECT_EQ(acquired.wait_for(long_enough), std::future_status::ready);
}

// The store is asked for an answer by the deadline, not only within the command timeout.
TEST_F(ExclusiveLockTest, DeadlineBoundsAnAttemptThatIsNotAnswered) {
  ExclusiveLock lock(options());
  const Instant deadline = BootClock::now() + 500ms;
  auto acquired = std::async(std::launch::async, [&] { return lock.acquire_until(deadline); });
  auto attempt = store->next_attempt();
  EXPECT_EQ(attempt.deadline, deadline);
  attempt.done(granted());
  EXPECT_TRUE(acquired.get());
  release(lock);
  auto far = std::async(std::launch::async, [&] { return lock.acquire_for(1h); });
  attempt = store->next_attempt();
  EXPECT_LE(attempt.deadline, BootClock::now() + 1000ms) << "the command timeout is sooner";
  attempt.done(granted());
  EXPECT_TRUE(far.get());
  release(lock);
}

TEST_F(ExclusiveLockTest, DeadlineBoundsAWaitForAnotherCallersAttempt) {
  ExclusiveLock lock(options());
  auto first = std::async(std::launch::async, [&] { return lock.acquire_for(1h); });
  auto attempt = store->next_attempt();  // never answered
  auto second = std::async(std::launch::async, [&] { return lock.acquire_for(20ms); });
  EXPECT_EQ(second.wait_for(long_enough), std::future_status::ready);
  attempt.done(granted());
  EXPECT_THROW(second.get(), StoreError);
  EXPECT_TRUE(first.get());
  release(lock);
}

TEST_F(ExclusiveLockTest, AtTheDeadlineThereIsNoOtherTry) {
  ExclusiveLock lock(options());
  const Instant deadline = BootClock::now() + 30ms;
  auto acquired = std::async(std::launch::async, [&] { return lock.acquire_until(deadline); });
  std::optional<bool> result;
  while (!result) {
    if (acquired.wait_for(0s) == std::future_status::ready)
      result = acquired.get();
    else if (auto attempt = store->attempt_if_any())
      attempt->done(busy());
  }
  EXPECT_FALSE(*result);
  EXPECT_GE(BootClock::now(), deadline);
}

TEST_F(ExclusiveLockTest, EndlessWaitOfAnyTypeIsOne) {
  ExclusiveLock lock(options());
  const auto waits = [&](auto&& acquire) {
    auto acquired = std::async(std::launch::async, acquire);
    store->next_attempt().done(busy());
    store->next_attempt().done(granted());
    EXPECT_TRUE(acquired.get());
    release(lock);
  };
  waits([&] { return lock.acquire_for(std::chrono::hours::max()); });
  waits([&] { return lock.acquire_for(std::chrono::seconds::max()); });
  waits([&] { return lock.acquire_for(std::chrono::duration<std::uint64_t>::max()); });
  waits([&] { return lock.acquire_for(std::chrono::duration<double>::max()); });
  waits([&] { return lock.try_lock_for(std::chrono::hours::max()); });
  waits([&] {
    return lock.try_lock_until(
        std::chrono::time_point<std::chrono::steady_clock, std::chrono::hours>::max());
  });
  waits([&] {
    return lock.acquire_until(std::chrono::time_point<BootClock, std::chrono::hours>::max());
  });
}

TEST_F(ExclusiveLockTest, DeadlineOfAnyTypeThatHasPassedIsOneTry) {
  ExclusiveLock lock(options());
  const auto tries_once = [&](auto&& acquire) {
    auto acquired = std::async(std::launch::async, acquire);
    store->next_attempt().done(busy());
    EXPECT_FALSE(acquired.get());
  };
  using std::chrono::system_clock;
  tries_once([&] { return lock.try_lock_until(system_clock::time_point::min()); });
  tries_once([&] { return lock.try_lock_until(std::chrono::steady_clock::time_point::min()); });
  tries_once([&] { return lock.try_lock_until(Instant::min()); });
  tries_once([&] { return lock.try_lock_until(std::chrono::sys_time<duration<unsigned>>()); });
  tries_once([&] { return lock.try_lock_for(std::chrono::nanoseconds::min()); });
  tries_once([&] { return lock.try_lock_for(duration<double>(not_a_number)); });
  tries_once([&] { return lock.acquire_for(duration<double>(not_a_number)); });
  tries_once([&] { return lock.acquire_for(std::chrono::hours::min()); });
  tries_once([&] { return lock.acquire_for(duration<std::int8_t>(-128)); });
  tries_once([&] { return lock.acquire_for(duration<unsigned>(0)); });
  tries_once([&] { return lock.acquire_until(Instant::min()); });
  tries_once([&] { return lock.acquire_until(system_clock::time_point::min()); });
}

TEST_F(ExclusiveLockTest, WaitingGoesOnThroughPassingFailure) {
  ExclusiveLock lock(options());
  auto acquired = std::async(std::launch::async, [&] { return lock.acquire_for(1h); });
  store->next_attempt().done(
      StoreFailure{.code = errc::store_loading, .message = "loading", .may_have_run = false});
  store->next_attempt().done(busy());
  store->next_attempt().done(granted());
  EXPECT_TRUE(acquired.get());
  release(lock);
}

TEST_F(ExclusiveLockTest, WaitingEndsAtOnceOnLastingFailure) {
  ExclusiveLock lock(options());
  auto acquired = std::async(std::launch::async, [&] { return lock.acquire_for(1h); });
  store->next_attempt().done(
      StoreFailure{.code = errc::wrong_password, .message = "no", .may_have_run = false});
  EXPECT_THROW(acquired.get(), StoreError);
}

TEST_F(ExclusiveLockTest, AsAMutexTheSecondThreadOfOneObjectWaitsForTheFirst) {
  ExclusiveLock lock(options());
  acquire(lock);
  EXPECT_TRUE(lock.acquire()) << "acquire() asks whether this object holds it";
  EXPECT_FALSE(lock.try_lock());
  auto second = std::async(std::launch::async, [&] {
    lock.lock();
    return lock.held();
  });
  release(lock);
  store->next_attempt().done(granted());
  EXPECT_TRUE(second.get());
  release(lock);
}

TEST_F(ExclusiveLockTest, ReleaseInsideAHandlerWorks) {
  ExclusiveLock lock(options(60s, 50ms));
  std::promise<ReleaseOutcome> outcome;
  lock.on_refreshed([&](const RefreshedEvent&) { outcome.set_value(lock.release()); });
  acquire(lock);
  store->next_refresh().done(
      RefreshReply{.verdicts = {RefreshReplyStatus::refreshed}, .store_time = {}});
  store->next_release().done(released());
  auto future = outcome.get_future();
  ASSERT_EQ(future.wait_for(long_enough), std::future_status::ready);
  EXPECT_EQ(future.get(), ReleaseOutcome::released);
}

TEST_F(ExclusiveLockTest, HandlerThatBlocksDoesNotHoldUpRefreshesNorTheLostToken) {
  ExclusiveLock lock(options(60s, 20ms));
  std::promise<void> let_go;
  lock.on_acquired([gate = let_go.get_future().share()](const AcquiredEvent&) { gate.wait(); });
  acquire(lock);
  std::promise<void> stopped;
  const std::stop_callback on_stop(lock.lost_token(), [&] { stopped.set_value(); });
  store->next_refresh().done(
      RefreshReply{.verdicts = {RefreshReplyStatus::refreshed}, .store_time = {}});
  store->next_refresh().done(
      RefreshReply{.verdicts = {RefreshReplyStatus::lost}, .store_time = {}});
  EXPECT_EQ(stopped.get_future().wait_for(long_enough), std::future_status::ready);
  let_go.set_value();
}

TEST_F(ExclusiveLockTest, StopCallbackThatBlocksDoesNotHoldUpOtherTokens) {  // G5
  std::promise<void> gate;
  std::vector<std::unique_ptr<ExclusiveLock>> locks;
  for (int i = 0; i < 4; ++i) {
    locks.push_back(std::make_unique<ExclusiveLock>(options(300ms, 100ms)));
    acquire(*locks.back());
  }
  const std::stop_callback blocks(locks.front()->lost_token(),
                                  [gate = gate.get_future().share()] { gate.wait(); });
  for (std::size_t i = 1; i < locks.size(); ++i) {
    std::promise<void> stopped;
    const std::stop_callback stops(locks[i]->lost_token(), [&] { stopped.set_value(); });
    EXPECT_EQ(stopped.get_future().wait_for(long_enough), std::future_status::ready);
  }
  gate.set_value();
}

TEST_F(ExclusiveLockTest, HandlerThatThrowsIsNotTheEnd) {
  ExclusiveLock lock(options());
  std::promise<void> notified;
  lock.on_acquired([](const AcquiredEvent&) { throw std::runtime_error("a bug of the user's"); });
  lock.on_released([&](const ReleasedEvent&) { notified.set_value(); });
  acquire(lock);
  release(lock);
  EXPECT_EQ(notified.get_future().wait_for(long_enough), std::future_status::ready);
}

TEST_F(ExclusiveLockTest, NoHandlerRunsAfterTheDestructor) {
  std::promise<void> entered;
  std::promise<void> let_go;
  std::atomic<bool> destroyed{false};
  std::atomic<bool> ran_late{false};
  auto lock = std::make_unique<ExclusiveLock>(options());
  lock->on_acquired([&](const AcquiredEvent&) {
    entered.set_value();
    let_go.get_future().wait();
    ran_late = destroyed.load();
  });
  lock->on_released([&](const ReleasedEvent&) { ran_late = destroyed.load(); });
  acquire(*lock);
  entered.get_future().wait();
  auto destruction = std::async(std::launch::async, [&] {
    lock.reset();
    destroyed = true;
  });
  store->next_release().done(released());
  let_go.set_value();
  destruction.get();
  connection.reset();
  EXPECT_FALSE(ran_late);
}

TEST_F(ExclusiveLockTest, DestructorReleasesAndDetachedDoesNot) {
  auto lock = std::make_unique<ExclusiveLock>(options());
  acquire(*lock);
  auto destruction = std::async(std::launch::async, [&] { lock.reset(); });
  store->next_release().done(released());
  destruction.get();

  Options detached = options();
  detached.detached = true;
  lock = std::make_unique<ExclusiveLock>(detached);
  acquire(*lock);
  lock.reset();
  EXPECT_FALSE(store->asked_for_release());
}

}  // namespace
}  // namespace exclusive_lock
