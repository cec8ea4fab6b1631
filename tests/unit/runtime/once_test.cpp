// once(): who runs, who is skipped, and what is recorded. G12.

#include "exclusive_lock/once.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

LastDone done_ago(std::chrono::milliseconds age) {
  LastDone done;
  done.age = age;
  return done;
}

TEST(IsDoneRecently, UntilAPeriodLessTheToleranceIsOver) {
  EXPECT_TRUE(is_done_recently(done_ago(0ms), 1h, 6min));
  EXPECT_TRUE(is_done_recently(done_ago(54min - 1ms), 1h, 6min));
  EXPECT_FALSE(is_done_recently(done_ago(54min), 1h, 6min));
  EXPECT_FALSE(is_done_recently(done_ago(24h), 1h, 6min));
}

TEST(IsDoneRecently, ClockThatWasSetBackIsBelievedUpToAPeriod) {
  EXPECT_TRUE(is_done_recently(done_ago(-54min + 1ms), 1h, 6min));
  EXPECT_FALSE(is_done_recently(done_ago(-54min), 1h, 6min));
}

TEST(IsDoneRecently, ToleranceOfAWholePeriodSkipsNothing) {
  EXPECT_FALSE(is_done_recently(done_ago(0ms), 1h, 1h));
}

// hours::max() in milliseconds is -3600000.
TEST(OnceTimes, OfAnyTypeAndSizeAreTaken) {
  const OnceOptions options{.tolerance = std::chrono::hours::max(),
                            .wait = std::chrono::hours::max(),
                            .min_hold = std::chrono::duration<unsigned>(1)};
  EXPECT_EQ(options.wait, std::chrono::milliseconds::max());
  EXPECT_EQ(options.tolerance, std::chrono::milliseconds::max());
  EXPECT_EQ(options.min_hold, 1s);
  EXPECT_THROW(tolerance_or_refuse(std::chrono::hours::max(), {}), ValidationError);
  EXPECT_TRUE(is_done_recently(done_ago(1h), std::chrono::hours::max(), 0ms));
  EXPECT_FALSE(
      is_done_recently(done_ago(1h), std::chrono::hours::min(), std::chrono::hours::min()));
}

TEST(IsDoneRecently, ToleranceIsATenthUnlessGiven) { EXPECT_EQ(default_tolerance(1h), 6min); }

TEST(OnceOutcome, IsWhatTheReleaseSays) {
  const auto refused = make_error_code(errc::store_full);
  EXPECT_EQ(once_outcome({.outcome = ReleaseOutcome::released}), OnceOutcome::ran);
  EXPECT_EQ(once_outcome({.outcome = ReleaseOutcome::released, .not_recorded = refused}),
            OnceOutcome::not_recorded);
  EXPECT_EQ(once_outcome({.outcome = ReleaseOutcome::not_held}), OnceOutcome::lost);
  EXPECT_EQ(once_outcome({.outcome = ReleaseOutcome::unknown}), OnceOutcome::unknown);
}

class OnceTest : public ::testing::Test {
 protected:
  Options options(std::string name = "job") {
    Options options;
    options.app_name = std::move(name);
    options.cache_connection = store;
    return options;
  }
  OnceOutcome run(std::chrono::milliseconds period = 1h, const OnceOptions& how = {}) {
    return once(
        options(), period,
        [this](ExclusiveLock& lock) {
          EXPECT_TRUE(lock.held());
          ++runs;
        },
        how);
  }

  std::shared_ptr<Connection> store = connect("memory:");
  int runs = 0;
};

TEST_F(OnceTest, SecondOneIsSkipped) {
  EXPECT_EQ(run(), OnceOutcome::ran);
  EXPECT_EQ(run(), OnceOutcome::skipped);
  EXPECT_EQ(run(once_for_good), OnceOutcome::skipped);
  EXPECT_EQ(runs, 1);
  EXPECT_FALSE(ExclusiveLock(options()).inspect()) << "the lock is free";
}

TEST_F(OnceTest, OtherNamesAreOthers) {
  EXPECT_EQ(run(), OnceOutcome::ran);
  EXPECT_EQ(once(options("other"), 1h, [](ExclusiveLock&) {}), OnceOutcome::ran);
}

TEST_F(OnceTest, RunsAgainWhenThePeriodIsOver) {
  EXPECT_EQ(run(1h), OnceOutcome::ran);
  EXPECT_EQ(run(1h, {.tolerance = 1h}), OnceOutcome::ran) << "the tolerance says that it is";
  EXPECT_EQ(runs, 2);
}

TEST_F(OnceTest, FailureIsNotRecordedAndReleasesTheLock) {
  EXPECT_THROW(once(options(), 1h, [](ExclusiveLock&) { throw std::runtime_error("failed"); }),
               std::runtime_error);
  EXPECT_EQ(run(), OnceOutcome::ran);
}

TEST_F(OnceTest, HoldThatIsGoneIsNotRecorded) {
  LockDirectory locks(store);
  const auto loses = [&](ExclusiveLock& lock) {
    EXPECT_TRUE(locks.force_release(lock.inspect().value()));
  };
  EXPECT_EQ(once(options(), 1h, loses), OnceOutcome::lost);
  EXPECT_FALSE(locks.last_done("job"));
}

TEST_F(OnceTest, OneThatHoldsItKeepsOthersBusy) {
  ExclusiveLock other(options());
  ASSERT_TRUE(other.acquire());
  EXPECT_EQ(run(1h, {.wait = 0ms}), OnceOutcome::busy);
  other.release();
  EXPECT_EQ(run(1h, {.wait = 0ms}), OnceOutcome::ran) << "a plain hold does not count";
}

TEST_F(OnceTest, WhatIsForgottenRunsAgain) {
  EXPECT_EQ(run(), OnceOutcome::ran);
  LockDirectory locks(store);
  const auto done = locks.last_done("job");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->name, "job");
  ASSERT_EQ(locks.list_done("j*").size(), 1U);
  EXPECT_EQ(locks.list_done("j*")[0].name, "job");
  EXPECT_TRUE(locks.list_done("x*").empty());
  EXPECT_TRUE(locks.forget("job"));
  EXPECT_EQ(run(), OnceOutcome::ran);
}

TEST_F(OnceTest, MinimumHoldKeepsTheNameClosed) {
  EXPECT_EQ(run(1h, {.min_hold = 1h}), OnceOutcome::ran);
  EXPECT_FALSE(ExclusiveLock(options()).acquire());
  EXPECT_TRUE(LockDirectory(store).last_done("job")) << "recorded all the same";
}

TEST_F(OnceTest, SkippedOneClosesNothing) {
  EXPECT_EQ(run(), OnceOutcome::ran);
  EXPECT_EQ(run(1h, {.min_hold = 1h}), OnceOutcome::skipped);
  EXPECT_TRUE(ExclusiveLock(options()).acquire());
}

TEST_F(OnceTest, ObjectThatClosedTheNameDoesNotGetItEither) {
  ExclusiveLock lock(options());
  ASSERT_TRUE(lock.acquire());
  EXPECT_EQ(lock.hold_at_least(1h), RefreshOutcome::refreshed);
  EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  EXPECT_FALSE(lock.acquire());
  EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
}

template <class Call>
std::vector<std::string> fields_refused(Call call) {
  std::vector<std::string> fields;
  try {
    call();
  } catch (const ValidationError& error) {
    for (const Mistake& mistake : error.mistakes()) {
      fields.push_back(mistake.field);
    }
  }
  return fields;
}

TEST_F(OnceTest, TimesOutOfRangeAreRefused) {  // G10
  using Fields = std::vector<std::string>;
  EXPECT_EQ(fields_refused([&] { run(0ms, {.min_hold = -1ms}); }), (Fields{"period", "min_hold"}));
  EXPECT_EQ(fields_refused([&] { run(once_for_good + 1ms); }), Fields{"period"});
  EXPECT_EQ(fields_refused([&] { run(1h, {.tolerance = 1h + 1ms}); }), Fields{"tolerance"});
  EXPECT_EQ(fields_refused([&] { run(1h, {.tolerance = -1ms}); }), Fields{"tolerance"});
  ExclusiveLock lock(options());
  EXPECT_EQ(fields_refused([&] { lock.hold_at_least(std::chrono::days(7) + 1ms); }),
            Fields{"min_hold"});
  EXPECT_EQ(fields_refused([&] { lock.release_done(0ms); }), Fields{"keep_for"});
  EXPECT_EQ(runs, 0);
}

}  // namespace
}  // namespace exclusive_lock
