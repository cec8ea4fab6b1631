// G5: loss is told at once when the store says so, at safe_until() at the latest, and is final.

#include <future>
#include <thread>

#include "conformance/api/worker.hpp"
#include "conformance/check.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

// Stops when the token does; false when that did not happen for a minute.
bool stops(const std::stop_token& token) {
  std::promise<void> stopped;
  const std::stop_callback on_stop(token, [&] { stopped.set_value(); });
  return stopped.get_future().wait_for(very_long) == std::future_status::ready;
}

void expect_nothing_held(const ExclusiveLock& lock) {
  EXPECT_FALSE(lock.held());
  EXPECT_FALSE(lock.safe_until());
  EXPECT_FALSE(lock.fence());
  EXPECT_EQ(lock.owner(), "");
  EXPECT_TRUE(lock.lost_token().stop_requested());
}

void record_removed_is_told_by_refresh(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ASSERT_TRUE(lock.acquire());
  const std::stop_token token = lock.lost_token();
  EXPECT_FALSE(token.stop_requested());
  store.erase(lock.key());
  EXPECT_EQ(lock.refresh(), RefreshOutcome::lost);
  EXPECT_TRUE(stops(token));
  expect_nothing_held(lock);
  EXPECT_EQ(lock.refresh(), RefreshOutcome::not_held);
  EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
}

void record_removed_is_told_without_asking(StoreUnderTest& store) {
  Diary diary;
  ExclusiveLock lock(with_ttl(options_for(store), 10min, 20ms));
  lock.on_lost([&](const LostEvent& event) {
    diary.note(event.reason == LossReason::record_gone ? "gone" : "another reason");
  });
  ASSERT_TRUE(lock.acquire());
  const std::stop_token token = lock.lost_token();
  store.erase(lock.key());
  EXPECT_TRUE(stops(token)) << "long before safe_until()";
  EXPECT_TRUE(diary.has("gone"));
  expect_nothing_held(lock);
}

void strangers_record_is_left_alone(StoreUnderTest& store) {
  std::string key;
  {
    ExclusiveLock lock(with_ttl(options_for(store), 10min, 20ms));
    ASSERT_TRUE(lock.acquire());
    const std::stop_token token = lock.lost_token();
    key = lock.key();
    store.plant(key, "1", long_lock_ttl);
    EXPECT_TRUE(stops(token));
    EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
    EXPECT_EQ(lock.refresh(), RefreshOutcome::not_held);
    EXPECT_FALSE(lock.acquire());
  }
  ExclusiveLock other(options_for(store));
  const auto seen = other.inspect();
  ASSERT_TRUE(seen) << "neither release() nor the destructor deleted it";
  EXPECT_EQ(seen->raw, "1");
  EXPECT_LE(*seen->remaining_ttl, long_lock_ttl);
}

void the_next_holder_is_left_alone(StoreUnderTest& store) {
  auto first = std::make_unique<ExclusiveLock>(by_hand(options_for(store), 10min));
  ExclusiveLock next(options_for(store));
  ASSERT_TRUE(first->acquire());
  store.erase(first->key());
  ASSERT_TRUE(next.acquire());
  EXPECT_TRUE(first->held()) << "nobody has told it yet";
  EXPECT_NE(first->release(), ReleaseOutcome::released);
  first.reset();
  EXPECT_EQ(next.refresh(), RefreshOutcome::refreshed);
  EXPECT_TRUE(next.held());
}

void without_a_refresh_it_ends_at_safe_until(StoreUnderTest& store) {
  Diary diary;
  ExclusiveLock lock(by_hand(options_for(store), 300ms));
  ExclusiveLock next(options_for(store));
  lock.on_lost([&](const LostEvent& event) {
    diary.note(event.reason == LossReason::not_confirmed ? "not confirmed" : "another reason");
  });
  ASSERT_TRUE(lock.acquire());
  const auto until = lock.safe_until();
  const std::stop_token token = lock.lost_token();
  if (!until) {
    return;  // this machine slept for 300 ms between two lines; lost, as it should be
  }
  EXPECT_TRUE(stops(token));
  EXPECT_GE(BootClock::now(), *until);
  EXPECT_TRUE(diary.has("not confirmed"));
  expect_nothing_held(lock);
  EXPECT_TRUE(next.acquire_for(very_long));
  expect_nothing_held(lock);
}

// Whatever the threads of the library do: two looks at the same instant never both say yes.
void never_two_believe(StoreUnderTest& store) {
  ExclusiveLock first(by_hand(options_for(store), 200ms));
  ExclusiveLock next(options_for(store));
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(first.acquire());
    while (!next.acquire()) {
      std::this_thread::sleep_for(1ms);
    }
    EXPECT_FALSE(first.held());
    EXPECT_EQ(first.refresh(), RefreshOutcome::not_held);
    EXPECT_TRUE(next.held());
    next.release();
  }
}

void a_new_hold_is_a_new_acquire(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ASSERT_TRUE(lock.acquire());
  const auto fence = lock.fence();
  const std::string owner = lock.owner();
  const std::stop_token token = lock.lost_token();
  store.wipe();
  EXPECT_EQ(lock.refresh(), RefreshOutcome::lost);
  ASSERT_TRUE(lock.acquire());
  EXPECT_GT(lock.fence(), fence);
  EXPECT_NE(lock.owner(), owner);
  EXPECT_TRUE(stops(token)) << "the lost one never comes back";
  EXPECT_FALSE(lock.lost_token().stop_requested());
}

void released_is_not_lost(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  ASSERT_TRUE(lock.acquire());
  const std::stop_token token = lock.lost_token();
  EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  EXPECT_FALSE(token.stop_requested());
  EXPECT_FALSE(lock.held());
}

// The store ends and comes back without data, under the connection. A server that did is told at
// the next refresh (server_faults_test.cpp); an embedded store whose files were deleted only
// answers with errors.
void store_that_forgot_everything_is_a_loss(StoreUnderTest& store) {
  Fence fence;
  {
    ExclusiveLock lock(with_ttl(options_for(store), 2s, 50ms));
    ASSERT_TRUE(lock.acquire());
    fence = lock.fence().value_or(Fence{});
    const std::stop_token token = lock.lost_token();
    store.lose_data();
    EXPECT_TRUE(stops(token));
    expect_nothing_held(lock);
  }
  ExclusiveLock next(options_for(store));
  ASSERT_TRUE(next.acquire_for(very_long));
  EXPECT_GT(next.fence(), fence);
}

}  // namespace

Checks losing_checks() {
  return {{"LossOfTheRecordIsToldByRefresh", record_removed_is_told_by_refresh},
          {"LossOfTheRecordIsToldWithoutAsking", record_removed_is_told_without_asking},
          {"LossToAStrangerLeavesItsRecordAlone", strangers_record_is_left_alone},
          {"LossToTheNextHolderLeavesItsRecordAlone", the_next_holder_is_left_alone},
          {"LossComesAtSafeUntilAtTheLatest", without_a_refresh_it_ends_at_safe_until},
          {"LossComesBeforeTheNextHolder", never_two_believe},
          {"LossIsFinal", a_new_hold_is_a_new_acquire},
          {"ReleasedIsNotLost", released_is_not_lost},
          {"LossIsToldWhenTheStoreForgotEverything", store_that_forgot_everything_is_a_loss}};
}

}  // namespace exclusive_lock::conformance
