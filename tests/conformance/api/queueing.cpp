// Waiting in the queue, as a user sees it: first come, first served, told and shown.

#include <unistd.h>

#include <future>
#include <thread>

#include "conformance/api/worker.hpp"
#include "conformance/check.hpp"
#include "conformance/requester.hpp"
#include "core/key_codec.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

// A waiter in a thread of its own.
class Waiter {
 public:
  Waiter(Options options, std::function<void(ExclusiveLock&)> when_held)
      : lock_(std::move(options)), result_(std::async(std::launch::async, [this, when_held] {
          const bool held = lock_.acquire_for(very_long, stop_.get_token());
          if (held) {
            when_held(lock_);
            lock_.release();
          }
          return held;
        })) {}

  void stop() { stop_.request_stop(); }
  bool result() { return result_.get(); }

 private:
  ExclusiveLock lock_;
  std::stop_source stop_;
  std::future<bool> result_;
};

void waiters_are_served_in_the_order_of_their_arrival(StoreUnderTest& store) {
  const auto one = store.connection();
  const auto other = store.connection();
  ExclusiveLock holder(options_for(store, one));
  ASSERT_TRUE(holder.acquire());
  Diary diary;
  std::vector<std::unique_ptr<Waiter>> waiters;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 8; ++i) {
    expected.push_back(std::to_string(i));
    waiters.push_back(
        std::make_unique<Waiter>(options_for(store, i % 3 == 0 ? other : one),
                                 [&diary, i](ExclusiveLock&) { diary.note(std::to_string(i)); }));
    ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == i + 1; }));
  }
  holder.release();
  for (const auto& waiter : waiters)
    EXPECT_TRUE(waiter->result());
  EXPECT_EQ(diary.lines(), expected);
}

void nobody_barges_in_on_a_waiter(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock other(options_for(store));
  ASSERT_TRUE(holder.acquire());
  std::promise<void> go_on;
  std::shared_future<void> told = go_on.get_future().share();
  Waiter waiter(options_for(store), [told](ExclusiveLock&) { told.wait(); });
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  holder.release();
  // Handed over, not freed.
  EXPECT_FALSE(other.acquire());
  EXPECT_FALSE(holder.acquire());
  go_on.set_value();
  EXPECT_TRUE(waiter.result());
}

void place_is_told(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ASSERT_TRUE(holder.acquire());
  Diary diary;
  const auto place_of = [&](ExclusiveLock& lock, const std::string& who) {
    lock.on_waiting([&diary, who](const WaitingEvent& event) {
      diary.note(who + " " + std::to_string(event.position));
    });
  };
  ExclusiveLock first(options_for(store));
  // Its heartbeats are frequent, so that it hears soon that it has moved up.
  ExclusiveLock second(with_ttl(options_for(store), 600ms, 100ms));
  place_of(first, "first");
  place_of(second, "second");
  std::stop_source stop;
  auto a = std::async(std::launch::async,
                      [&] { return first.acquire_for(very_long, stop.get_token()); });
  EXPECT_TRUE(diary.has("first 1"));
  auto b = std::async(std::launch::async, [&] { return second.acquire_for(very_long); });
  EXPECT_TRUE(diary.has("second 2"));
  stop.request_stop();
  EXPECT_FALSE(a.get());
  EXPECT_TRUE(diary.has("second 1"));
  holder.release();
  EXPECT_TRUE(b.get());
}

void waiters_are_shown(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ASSERT_TRUE(holder.acquire());
  Options options = options_for(store);
  options.label = "the \"next\" one";
  options.lock_contents = Contents(std::string(20'000, 'x'));
  Waiter waiter(options, [](ExclusiveLock&) {});
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  const auto seen = holder.inspect();
  ASSERT_TRUE(seen && seen->waiters.size() == 1);
  EXPECT_EQ(seen->waiters[0].label, options.label);
  EXPECT_EQ(seen->waiters[0].pid, ::getpid());
  EXPECT_FALSE(seen->waiters[0].host.empty());
  EXPECT_EQ(seen->waiters[0].owner.size(), 49U);
  ASSERT_TRUE(seen->waiters[0].since);
  EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - *seen->waiters[0].since), 10min);
  const auto listed = LockDirectory(store.connection(), store.prefix()).list();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].waiting, 1U);
  holder.release();
  EXPECT_TRUE(waiter.result());
}

void giving_up_leaves_the_queue(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ASSERT_TRUE(holder.acquire());
  ExclusiveLock waiter(options_for(store));
  EXPECT_FALSE(waiter.acquire_for(500ms));
  EXPECT_TRUE(comes_true([&] { return waiting_for(holder) == 0; }));
  Waiter stopped(options_for(store), [](ExclusiveLock&) {});
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  stopped.stop();
  EXPECT_FALSE(stopped.result());
  EXPECT_TRUE(comes_true([&] { return waiting_for(holder) == 0; }));
  holder.release();
  EXPECT_TRUE(waiter.acquire()) << "nobody is left in front";
}

// The release and the end of the waiting meet in every order; CrossedGrant makes sure of one.
void grant_that_crosses_a_stop_is_passed_on(StoreUnderTest& store) {
  const auto connection = store.connection();
  for (int round = 0; round < 30; ++round) {
    ExclusiveLock holder(options_for(store, connection));
    ASSERT_TRUE(holder.acquire_for(very_long));
    Waiter crossing(options_for(store, connection), [](ExclusiveLock&) {});
    ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
    Waiter next(options_for(store, connection), [](ExclusiveLock&) {});
    ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 2; }));
    std::thread stop([&] { crossing.stop(); });
    const Instant released_at = BootClock::now();
    holder.release();
    stop.join();
    crossing.result();
    ASSERT_TRUE(next.result()) << "round " << round;
    ASSERT_LT(BootClock::now() - released_at, a_heartbeat_or_so) << "round " << round;
  }
}

// Its own: neither that of the holder before it, nor the shorter time that a hand-over begins with.
void handed_over_hold_gets_its_full_ttl(StoreUnderTest& store) {
  struct Case {
    Milliseconds before, own;
    bool auto_refresh;
  };
  for (const Case& each : {Case{long_lock_ttl, 1200ms, true}, Case{long_lock_ttl, 1200ms, false},
                           Case{1200ms, long_lock_ttl, true}, Case{1200ms, long_lock_ttl, false}}) {
    ExclusiveLock holder(with_ttl(options_for(store), each.before, each.before / 3));
    ASSERT_TRUE(holder.acquire());
    Options options = with_ttl(options_for(store), each.own, each.own / 3);
    options.auto_refresh = each.auto_refresh;
    Waiter waiter(options, [&](ExclusiveLock& lock) {
      const Instant began = BootClock::now();
      EXPECT_TRUE(comes_true([&] {
        const auto until = lock.safe_until();
        return !until || *until > began + each.own * 3 / 4;
      }));
      const auto until = lock.safe_until();
      EXPECT_TRUE(until && *until <= BootClock::now() + each.own);
      EXPECT_TRUE(lock.held());
      const auto record = lock.inspect();
      EXPECT_TRUE(record && record->remaining_ttl && *record->remaining_ttl <= each.own);
    });
    ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
    holder.release();
    EXPECT_TRUE(waiter.result());
  }
}

void full_queue_is_told(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ASSERT_TRUE(holder.acquire());
  Waiter waiter(options_for(store), [](ExclusiveLock&) {});
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  Options options = options_for(store);
  options.queue_limit = 1;
  ExclusiveLock third(options);
  std::error_code error;
  EXPECT_FALSE(third.acquire_for(very_long, {}, error));
  EXPECT_EQ(error, errc::queue_full);
  EXPECT_FALSE(third.acquire()) << "to try is not to wait";
  holder.release();
  EXPECT_TRUE(waiter.result());
}

// Somebody waits who does not come when it is nudged, so what happens depends on no race.
void barger_goes_past_a_waiter_and_then_lets_it_in(StoreUnderTest& store) {
  Options options = options_for(store);
  options.barging_limit = 3;
  ExclusiveLock barger(options);
  ASSERT_TRUE(barger.acquire());
  Requester requester(store);
  const std::string key = record_key(store.prefix(), options.app_name);
  const Owner waiter = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = waiter, .wait_options = long_wait}).outcome,
            AttemptReplyStatus::waiting);
  for (int i = 0; i < 3; ++i) {
    barger.release();
    EXPECT_TRUE(i % 2 == 0 ? barger.acquire() : barger.acquire_for(very_long)) << i << " went past";
  }
  barger.release();
  EXPECT_FALSE(barger.acquire()) << "handed over, not freed";
  EXPECT_EQ(requester.heartbeat(key, waiter).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(requester.release(key, waiter), ReleaseReplyStatus::released);
}

void waiter_gets_what_a_barger_leaves(StoreUnderTest& store) {
  Options options = options_for(store);
  options.barging_limit = 1'000'000;
  ExclusiveLock barger(options);
  ASSERT_TRUE(barger.acquire());
  Waiter waiter(options_for(store), [](ExclusiveLock&) {});
  ASSERT_TRUE(comes_true([&] { return waiting_for(barger) == 1; }));
  barger.release();
  EXPECT_TRUE(waiter.result());
}

void try_beside_a_waiting_thread_of_the_object_says_no(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock both(options_for(store));
  ASSERT_TRUE(holder.acquire());
  auto waits = std::async(std::launch::async, [&] { return both.acquire_for(very_long); });
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  EXPECT_FALSE(both.acquire());
  EXPECT_FALSE(both.try_lock());
  EXPECT_FALSE(both.acquire_for(500ms));
  auto too = std::async(std::launch::async, [&] { return both.acquire_for(very_long); });
  EXPECT_EQ(waiting_for(holder), 1U) << "one object, one place";
  holder.release();
  EXPECT_TRUE(waits.get());
  EXPECT_TRUE(too.get()) << "acquire() asks the object";
}

}  // namespace

Checks queueing_checks() {
  return {{"WaitersAreServedInTheOrderOfTheirArrival",
           waiters_are_served_in_the_order_of_their_arrival},
          {"NobodyBargesInOnAWaiter", nobody_barges_in_on_a_waiter},
          {"PlaceInTheQueueIsTold", place_is_told},
          {"WaitersAreShown", waiters_are_shown},
          {"GivingUpLeavesTheQueue", giving_up_leaves_the_queue},
          {"GrantThatCrossesAStopIsPassedOn", grant_that_crosses_a_stop_is_passed_on},
          {"HandedOverHoldGetsItsFullTtl", handed_over_hold_gets_its_full_ttl},
          {"FullQueueIsTold", full_queue_is_told},
          {"BargerGoesPastAWaiterAndThenLetsItIn", barger_goes_past_a_waiter_and_then_lets_it_in},
          {"WaiterGetsWhatABargerLeaves", waiter_gets_what_a_barger_leaves},
          {"TryBesideAWaitingThreadOfTheObjectSaysNo",
           try_beside_a_waiting_thread_of_the_object_says_no}};
}

}  // namespace exclusive_lock::conformance
