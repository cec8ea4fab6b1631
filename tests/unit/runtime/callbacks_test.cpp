// Calls that are answered by a callback, over a store that answers when the test likes. What they
// do over stores that work is tested by the conformance suite, through async.hpp.

#include "exclusive_lock/callbacks.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "manual_store.hpp"
#include "runtime/engine.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

class Callbacks : public ::testing::Test {
 protected:
  std::shared_ptr<ManualStore> store = std::make_shared<ManualStore>();
  std::shared_ptr<Connection> connection =
      std::make_shared<Connection>(make_engine(store, {.command_timeout = 1000ms, .log = nullptr}));

  Options options() {
    Options options;
    options.app_name = "job";
    options.cache_connection = connection;
    options.lock_ttl = 60s;
    options.lock_refresh = 20s;
    return options;
  }
  static AttemptReply granted() {
    return {.outcome = AttemptReplyStatus::granted,
            .fence = Fence{5},
            .remaining_ttl = 60s,
            .store_time = {}};
  }
  static ReleaseReply released() { return {ReleaseReplyStatus::released}; }
  static StoreFailure passing() {
    return {.code = errc::store_loading, .message = "loading", .may_have_run = false};
  }
};

// How one acquire ended, and how often it was notified.
struct Notified {
  std::promise<std::pair<std::error_code, bool>> promise{};
  std::future<std::pair<std::error_code, bool>> future = promise.get_future();
  std::atomic<int> times = 0;

  CallbackAcquire::Answered answered() {
    return [this](const std::error_code& error, bool acquired) {
      if (++times == 1)
        promise.set_value({error, acquired});
    };
  }
  std::pair<std::error_code, bool> get() {
    if (future.wait_for(20s) != std::future_status::ready) {
      ADD_FAILURE()
          << "not notified";  // no exception: the lock has to be released for the test to end
      return {std::make_error_code(std::errc::timed_out), false};
    }
    return future.get();
  }
};

const std::pair<std::error_code, bool> yes{{}, true};
const std::pair<std::error_code, bool> no{{}, false};
const std::pair<std::error_code, bool> aborted{std::make_error_code(std::errc::operation_canceled),
                                               false};
const AcquireTerms patiently{.deadline = Instant::max()};

TEST_F(Callbacks, WaitingGoesOnThroughPassingFailureWithoutAThread) {
  ExclusiveLock lock(options());
  Notified notified;
  CallbackAcquire(lock, patiently).start(notified.answered());
  store->next_attempt().done(passing());
  store->next_attempt().done(passing());
  EXPECT_EQ(notified.times, 0);
  store->next_attempt().done(granted());
  EXPECT_EQ(notified.get(), yes);
  EXPECT_EQ(notified.times, 1);
  std::promise<ReleaseOutcome> outcome;
  begin_release(lock, [&](ReleaseOutcome the_outcome) { outcome.set_value(the_outcome); });
  store->next_release().done(released());
  EXPECT_EQ(outcome.get_future().get(), ReleaseOutcome::released);
}

TEST_F(Callbacks, StoreHasBeenAskedWhenStartReturns) {
  ExclusiveLock lock(options());
  Notified notified;
  const CallbackAcquire acquire(lock, {});
  acquire.start(notified.answered());
  const auto attempt = store->attempt_if_any();
  EXPECT_TRUE(attempt);  // not fatal: what was begun has to be abandoned
  if (attempt) {
    attempt->done(passing());
    EXPECT_EQ(notified.times, 1);
  }
  acquire.abandon();
}

TEST_F(Callbacks, AbandonedInTheMiddleOfAnAttemptItEndsAtOnceAndIsGivenBack) {  // G4
  ExclusiveLock lock(options());
  Notified notified;
  const CallbackAcquire acquire(lock, patiently);
  acquire.start(notified.answered());
  auto attempt = store->next_attempt();
  acquire.abandon();
  EXPECT_EQ(notified.get(), aborted);
  EXPECT_EQ(store->next_release().request.owner, attempt.request.owner);
  attempt.done(granted());  // crosses the end
  EXPECT_EQ(store->next_release().request.owner, attempt.request.owner);
  acquire.abandon();
  EXPECT_EQ(notified.times, 1);
  EXPECT_FALSE(lock.held());
}

TEST_F(Callbacks, AbandonedInAPauseItAsksNoMore) {
  ExclusiveLock lock(options());
  Notified notified;
  const CallbackAcquire acquire(lock, patiently);
  acquire.start(notified.answered());
  store->next_attempt().done(passing());
  acquire.abandon();
  EXPECT_EQ(notified.get(), aborted);
  EXPECT_FALSE(store->asked_for_release()) << "nothing was in doubt";
}

TEST_F(Callbacks, WhoJoinedAnAttemptLeavesItToTheOneThatBeganIt) {
  ExclusiveLock lock(options());
  Notified first;
  Notified second;
  CallbackAcquire(lock, patiently).start(first.answered());
  const CallbackAcquire joined(lock, patiently);
  joined.start(second.answered());
  joined.abandon();
  EXPECT_EQ(second.get(), aborted);
  EXPECT_FALSE(store->asked_for_release());
  store->next_attempt().done(granted());
  EXPECT_EQ(first.get(), yes);
  auto released_by = std::async(std::launch::async, [&] { return lock.release(); });
  store->next_release().done(released());
  EXPECT_EQ(released_by.get(), ReleaseOutcome::released);
}

TEST_F(Callbacks, WhatWasGrantedIsGivenBackUnlessSomebodyElseWasTold) {
  for (const bool others_know : {false, true}) {
    ExclusiveLock lock(options());
    Notified notified;
    const CallbackAcquire acquire(lock, {});
    acquire.start(notified.answered());
    store->next_attempt().done(granted());
    EXPECT_EQ(notified.get(), yes);
    if (others_know) {
      EXPECT_TRUE(lock.acquire());
    }
    acquire.give_back();
    EXPECT_EQ(lock.held(), others_know);
    EXPECT_EQ(store->asked_for_release(), !others_know);
    auto released_by = std::async(std::launch::async, [&] { return lock.release(); });
    store->next_release().done(released());
    released_by.get();
  }
}

TEST_F(Callbacks, AsAMutexCallersOfOneObjectComeInTurn) {
  ExclusiveLock lock(options());
  Notified first;
  Notified second;
  Notified third;
  const AcquireTerms as_mutex{.as = AcquireAs::mutex, .deadline = Instant::max()};
  CallbackAcquire(lock, as_mutex).start(first.answered());
  CallbackAcquire(lock, as_mutex).start(second.answered());
  const CallbackAcquire leaves(lock, as_mutex);
  leaves.start(third.answered());
  store->next_attempt().done(granted());
  EXPECT_EQ(first.get(), yes);
  EXPECT_EQ(second.times, 0);
  leaves.abandon();
  EXPECT_EQ(third.get(), aborted);
  begin_release(lock, [](ReleaseOutcome) {});
  store->next_release().done(released());
  store->next_attempt().done(granted());
  EXPECT_EQ(second.get(), yes);
  begin_release(lock, [](ReleaseOutcome) {});
  store->next_release().done(released());
}

TEST_F(Callbacks, OneTryDoesNotWaitForTheObject) {
  ExclusiveLock lock(options());
  Notified first;
  Notified second;
  CallbackAcquire(lock, {.as = AcquireAs::mutex}).start(first.answered());
  CallbackAcquire(lock, {.as = AcquireAs::mutex}).start(second.answered());
  EXPECT_EQ(second.get(), no);
  store->next_attempt().done(passing());
  const std::pair<std::error_code, bool> loading{errc::store_loading, false};
  EXPECT_EQ(first.get(), loading) << "nor for better times";
}

TEST_F(Callbacks, DestructorEndsEachOfThem) {
  auto lock = std::make_unique<ExclusiveLock>(options());
  Notified begun;
  Notified joined;
  const CallbackAcquire acquire(*lock, patiently);
  acquire.start(begun.answered());
  CallbackAcquire(*lock, patiently).start(joined.answered());
  auto attempt = store->next_attempt();
  auto destruction = std::async(std::launch::async, [&] { lock.reset(); });
  EXPECT_EQ(begun.get(), aborted);
  EXPECT_EQ(joined.get(), aborted);
  auto back = store->next_release();
  EXPECT_EQ(back.request.owner, attempt.request.owner);
  back.done(released());  // which the destructor waits for
  destruction.get();
  connection.reset();
  acquire.abandon();  // of what is gone: nothing
  acquire.give_back();
  EXPECT_EQ(begun.times, 1);
  EXPECT_EQ(joined.times, 1);
}

}  // namespace
}  // namespace exclusive_lock
