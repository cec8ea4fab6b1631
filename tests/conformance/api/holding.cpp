// acquire, release, refresh: who holds, and who does not.

#include <atomic>
#include <mutex>
#include <thread>

#include "conformance/api/worker.hpp"
#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

void one_holds_the_other_does_not(StoreUnderTest& store) {
  ExclusiveLock one(options_for(store));
  ExclusiveLock other(options_for(store));
  ASSERT_TRUE(one.acquire());
  EXPECT_TRUE(one.held());
  EXPECT_FALSE(other.acquire());
  EXPECT_FALSE(other.held());
  EXPECT_EQ(one.release(), ReleaseOutcome::released);
  EXPECT_FALSE(one.held());
  EXPECT_TRUE(other.acquire());
  EXPECT_FALSE(one.acquire());
}

void two_objects_on_one_connection_are_strangers(StoreUnderTest& store) {
  const auto connection = store.connection();
  ExclusiveLock one(options_for(store, connection));
  ExclusiveLock other(options_for(store, connection));
  ASSERT_TRUE(one.acquire());
  EXPECT_FALSE(other.acquire());
  EXPECT_EQ(other.release(), ReleaseOutcome::not_held);
  EXPECT_EQ(other.refresh(), RefreshOutcome::not_held);
  EXPECT_EQ(one.refresh(), RefreshOutcome::refreshed);
}

void acquiring_twice_is_holding_once(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ASSERT_TRUE(lock.acquire());
  const auto fence = lock.fence();
  const std::string owner = lock.owner();
  EXPECT_TRUE(lock.acquire());
  EXPECT_TRUE(lock.acquire_for(1s));
  EXPECT_EQ(lock.fence(), fence);
  EXPECT_EQ(lock.owner(), owner);
  EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
  EXPECT_FALSE(lock.inspect());
}

void without_a_hold_everything_is_a_no_op(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  EXPECT_FALSE(lock.held());
  EXPECT_FALSE(lock.safe_until());
  EXPECT_FALSE(lock.fence());
  EXPECT_EQ(lock.owner(), "");
  EXPECT_TRUE(lock.lost_token().stop_requested());
  EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
  EXPECT_EQ(lock.refresh(), RefreshOutcome::not_held);
  EXPECT_FALSE(lock.inspect());
  EXPECT_TRUE(store.everything().empty());
}

// G1: the hold is counted from before the request.
void safe_until_is_within_the_ttl(StoreUnderTest& store) {
  ExclusiveLock lock(by_hand(options_for(store), 10s));
  const Instant before = BootClock::now();
  ASSERT_TRUE(lock.acquire());
  const Instant after = BootClock::now();
  const auto until = lock.safe_until();
  ASSERT_TRUE(until);
  EXPECT_LT(*until, after + 10s);
  EXPECT_GT(*until, before + 9s);
  EXPECT_EQ(lock.refresh(), RefreshOutcome::refreshed);
  EXPECT_GT(*lock.safe_until(), *until);
  EXPECT_LT(*lock.safe_until(), BootClock::now() + 10s);
}

void every_hold_has_a_higher_fence(StoreUnderTest& store) {
  ExclusiveLock one(options_for(store));
  ExclusiveLock other(options_for(store));
  Fence last;
  for (int i = 0; i < 20; ++i) {
    ExclusiveLock& lock = i % 3 == 0 ? one : other;
    ASSERT_TRUE(lock.acquire());
    ASSERT_TRUE(lock.fence());
    EXPECT_GT(*lock.fence(), last);
    last = *lock.fence();
    EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  }
}

// G2, over the loss of all data, on the very same connection.
void fence_grows_when_the_store_forgets(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ASSERT_TRUE(lock.acquire());
  const auto first = lock.fence();
  store.wipe();
  EXPECT_EQ(lock.refresh(), RefreshOutcome::lost);
  ASSERT_TRUE(lock.acquire());
  EXPECT_GT(lock.fence(), first);
}

void auto_refresh_keeps_it(StoreUnderTest& store) {
  ExclusiveLock lock(with_ttl(options_for(store), 2s, 100ms));
  ExclusiveLock other(options_for(store));
  ASSERT_TRUE(lock.acquire());
  const auto first = lock.safe_until();
  while (BootClock::now() < *first + 500ms) {
    ASSERT_TRUE(lock.held());
    ASSERT_FALSE(other.acquire());
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_GT(*lock.safe_until(), *first);
  EXPECT_FALSE(lock.lost_token().stop_requested());
}

void standard_guards_work(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store));
  {
    const std::lock_guard guard(lock);
    EXPECT_TRUE(lock.held());
    EXPECT_FALSE(other.try_lock());
    const std::unique_lock waiting(other, 500ms);
    EXPECT_FALSE(waiting.owns_lock());
  }
  EXPECT_FALSE(lock.held());
  std::unique_lock unique(other, std::try_to_lock);
  EXPECT_TRUE(unique.owns_lock());
  EXPECT_FALSE(other.try_lock()) << "a mutex is not taken twice";
  EXPECT_FALSE(lock.try_lock_until(std::chrono::system_clock::now() + 500ms));
  unique.unlock();
  EXPECT_TRUE(lock.try_lock_for(10s));
  lock.unlock();
}

void scoped_lock_takes_two_in_any_order(StoreUnderTest& store) {
  const auto connection = store.connection();
  std::atomic<int> inside = 0;
  std::atomic<int> rounds = 0;
  const auto work = [&](const char* first_name, const char* second_name) {
    ExclusiveLock first(options_for(store, connection, first_name));
    ExclusiveLock second(options_for(store, connection, second_name));
    for (int i = 0; i < 5; ++i) {
      const std::scoped_lock both(first, second);
      EXPECT_EQ(++inside, 1);
      EXPECT_TRUE(first.held() && second.held());
      ++rounds;
      --inside;
    }
  };
  std::thread one(work, "a", "b");
  std::thread other(work, "b", "a");
  one.join();
  other.join();
  EXPECT_EQ(rounds, 10);
}

void one_object_serves_many_threads(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ExclusiveLock other(options_for(store, "other"));
  std::atomic<int> inside = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        const std::lock_guard guard(lock);
        EXPECT_EQ(++inside, 1);
        EXPECT_TRUE(lock.held());
        EXPECT_NE(lock.refresh(), RefreshOutcome::not_held);
        --inside;
      }
    });
    threads.emplace_back([&] {
      for (int round = 0; round < 5; ++round) {
        other.acquire();
        static_cast<void>(other.safe_until());
        static_cast<void>(other.owner());
        other.refresh();
        other.release();
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_FALSE(lock.held());
  EXPECT_FALSE(other.held());
  EXPECT_FALSE(lock.inspect());
  EXPECT_FALSE(other.inspect());
}

}  // namespace

Checks holding_checks() {
  return {{"OneHoldsTheOtherDoesNot", one_holds_the_other_does_not},
          {"TwoObjectsOnOneConnectionAreStrangers", two_objects_on_one_connection_are_strangers},
          {"AcquiringTwiceIsHoldingOnce", acquiring_twice_is_holding_once},
          {"WithoutAHoldEverythingIsANoOp", without_a_hold_everything_is_a_no_op},
          {"SafeUntilIsWithinTheTtl", safe_until_is_within_the_ttl},
          {"EveryHoldHasAHigherFence", every_hold_has_a_higher_fence},
          {"FenceGrowsWhenTheStoreForgets", fence_grows_when_the_store_forgets},
          {"AutoRefreshKeepsIt", auto_refresh_keeps_it},
          {"StandardGuardsWork", standard_guards_work},
          {"ScopedLockTakesTwoInAnyOrder", scoped_lock_takes_two_in_any_order},
          {"OneObjectServesManyThreads", one_object_serves_many_threads}};
}

}  // namespace exclusive_lock::conformance
