// The one place where timers really run: instants are near, and what is waited for is the task, not
// a time.

#include "runtime/scheduler.hpp"

#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <future>
#include <vector>

#include "runtime/timer_thread.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

class SchedulerTest : public ::testing::Test {
 protected:
  static constexpr auto long_enough = 20s;  // a failure, not a duration that is waited
  SystemClockSource clock;
};

TEST_F(SchedulerTest, RunsATaskNotBeforeItsInstant) {
  TimerThread waker;
  Scheduler scheduler(clock, waker, [] {});
  const Instant when = clock.now() + 20ms;
  std::promise<Instant> ran;
  scheduler.at(when, [&] { ran.set_value(clock.now()); });
  auto future = ran.get_future();
  ASSERT_EQ(future.wait_for(long_enough), std::future_status::ready);
  EXPECT_GE(future.get(), when);
}

TEST_F(SchedulerTest, RunsAnInstantOfThePastAtOnce) {
  TimerThread waker;
  Scheduler scheduler(clock, waker, [] {});
  std::promise<void> ran;
  scheduler.at(Instant{}, [&] { ran.set_value(); });
  EXPECT_EQ(ran.get_future().wait_for(long_enough), std::future_status::ready);
}

TEST_F(SchedulerTest, RunsInOrderOfInstantsAndEndsEachRoundWithTheHook) {
  std::vector<int> order;
  std::promise<void> done;
  std::atomic<int> rounds{0};
  TimerThread waker;
  Scheduler scheduler(clock, waker, [&] { ++rounds; });
  const Instant base = clock.now() + 20ms;
  scheduler.at(base + 2ms, [&] {
    order.push_back(3);
    done.set_value();
  });
  scheduler.at(base, [&] { order.push_back(1); });
  scheduler.at(base, [&] { order.push_back(2); });
  ASSERT_EQ(done.get_future().wait_for(long_enough), std::future_status::ready);
  scheduler.stop();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
  EXPECT_GE(rounds, 1);
}

TEST_F(SchedulerTest, TakesNoSignalsOfTheProcess) {
  sigset_t own_before;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &own_before);
  TimerThread waker;
  Scheduler scheduler(clock, waker, [] {});
  std::promise<bool> is_blocked;
  scheduler.at(Instant{}, [&] {
    sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    is_blocked.set_value(::sigismember(&mask, SIGTERM) == 1 && ::sigismember(&mask, SIGALRM) == 1);
  });
  auto answer = is_blocked.get_future();
  ASSERT_EQ(answer.wait_for(long_enough), std::future_status::ready);
  EXPECT_TRUE(answer.get());
  sigset_t own_after;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &own_after);
  EXPECT_EQ(::sigismember(&own_after, SIGTERM), ::sigismember(&own_before, SIGTERM));
}

TEST_F(SchedulerTest, CancelledTaskDoesNotRun) {
  TimerThread waker;
  Scheduler scheduler(clock, waker, [] {});
  std::atomic<bool> ran{false};
  std::promise<void> later;
  const Instant when = clock.now() + 50ms;
  const auto cancelled = scheduler.at(when, [&] { ran = true; });
  scheduler.at(when + 1ms, [&] { later.set_value(); });
  scheduler.cancel(cancelled);
  ASSERT_EQ(later.get_future().wait_for(long_enough), std::future_status::ready);
  EXPECT_FALSE(ran);
}

TEST_F(SchedulerTest, StopDropsWhatIsLeftAndRefusesMore) {
  TimerThread waker;
  Scheduler scheduler(clock, waker, [] {});
  std::atomic<bool> ran{false};
  scheduler.at(clock.now() + 1h, [&] { ran = true; });
  scheduler.stop();
  EXPECT_EQ(scheduler.at(clock.now(), [&] { ran = true; }), nullptr);
  scheduler.stop();
  EXPECT_FALSE(ran);
}

// Notes that it rang; the last of them ends the wait.
class TestAlarm : public Scheduler::Alarm {
 public:
  TestAlarm(int number, std::vector<int>& rung) : number_(number), rung_(rung) {}
  void ring() override { rung_.push_back(number_); }

 private:
  int number_;
  std::vector<int>& rung_;
};

TEST_F(SchedulerTest, AlarmsOfOneInstantCanBeMovedAndCancelledInAnyOrder) {
  std::vector<int> rung;
  std::promise<void> done;
  TimerThread waker;
  Scheduler scheduler(clock, waker, [] {});
  const Instant base = clock.now() + 50ms;
  std::vector<Scheduler::Timer> alarms;
  for (int number = 0; number < 5; ++number) {
    alarms.push_back(std::make_shared<TestAlarm>(number, rung));
    EXPECT_TRUE(scheduler.set(base, alarms.back()));
  }
  scheduler.cancel(alarms[0]);
  scheduler.cancel(alarms[0]);
  scheduler.cancel(alarms[4]);  // which has taken the first one's place
  scheduler.cancel(nullptr);
  EXPECT_TRUE(scheduler.set(base + 1ms, alarms[2]));
  EXPECT_TRUE(scheduler.set(base - 1ms, alarms[3]));
  scheduler.at(base + 2ms, [&] { done.set_value(); });
  ASSERT_EQ(done.get_future().wait_for(long_enough), std::future_status::ready);
  scheduler.stop();
  EXPECT_EQ(rung, (std::vector{3, 1, 2}));
}

TEST_F(SchedulerTest, OwnsAnAlarmUntilItRingsOrIsCancelled) {
  std::vector<int> rung;
  TimerThread waker;
  Scheduler scheduler(clock, waker, [] {});
  auto alarm = std::make_shared<TestAlarm>(1, rung);
  const std::weak_ptr<TestAlarm> alive = alarm;
  EXPECT_TRUE(scheduler.set(clock.now() + 1h, alarm));
  alarm.reset();
  EXPECT_FALSE(alive.expired());
  scheduler.cancel(alive.lock());
  EXPECT_TRUE(alive.expired());
  scheduler.stop();
  EXPECT_FALSE(scheduler.set(clock.now(), std::make_shared<TestAlarm>(2, rung)));
}

TEST_F(SchedulerTest, KnowsItsOwnThread) {
  TimerThread waker;
  Scheduler scheduler(clock, waker, [] {});
  EXPECT_FALSE(scheduler.in_round());
  std::promise<bool> inside;
  scheduler.at(clock.now(), [&] { inside.set_value(scheduler.in_round()); });
  EXPECT_TRUE(inside.get_future().get());
}

}  // namespace
}  // namespace exclusive_lock
