// Events: told once, in order, where they may call anything.

#include <future>

#include "conformance/api/worker.hpp"
#include "conformance/check.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

void keep_a_diary(ExclusiveLock& lock, Diary& diary) {
  lock.on_acquired([&](const AcquiredEvent&) { diary.note("acquired"); });
  lock.on_refreshed([&](const RefreshedEvent&) { diary.note("refreshed"); });
  lock.on_released([&](const ReleasedEvent&) { diary.note("released"); });
  lock.on_lost([&](const LostEvent&) { diary.note("lost"); });
  lock.on_error([&](const ErrorEvent& event) { diary.note("error: " + event.message); });
}

void come_in_order(StoreUnderTest& store) {
  Diary diary;
  ExclusiveLock lock(options_for(store));
  keep_a_diary(lock, diary);
  ASSERT_TRUE(lock.acquire());
  EXPECT_EQ(lock.refresh(), RefreshOutcome::refreshed);
  EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  EXPECT_TRUE(diary.has("released"));
  ASSERT_TRUE(lock.acquire());
  store.erase(lock.key());
  EXPECT_EQ(lock.refresh(), RefreshOutcome::lost);
  EXPECT_TRUE(diary.has("lost"));
  EXPECT_EQ(diary.lines(),
            (std::vector<std::string>{"acquired", "refreshed", "released", "acquired", "lost"}));
}

void say_what_happened(StoreUnderTest& store) {
  std::promise<AcquiredEvent> acquired;
  std::promise<RefreshedEvent> refreshed;
  std::promise<ReleasedEvent> released;
  ExclusiveLock lock(options_for(store));
  lock.on_acquired([&](const AcquiredEvent& event) { acquired.set_value(event); });
  lock.on_refreshed([&](const RefreshedEvent& event) { refreshed.set_value(event); });
  lock.on_released([&](const ReleasedEvent& event) { released.set_value(event); });
  ASSERT_TRUE(lock.acquire());
  const auto fence = lock.fence();
  const AcquiredEvent acquired_event = acquired.get_future().get();
  EXPECT_EQ(acquired_event.key, lock.key());
  EXPECT_EQ(acquired_event.fence, fence);
  EXPECT_EQ(acquired_event.safe_until, lock.safe_until());
  EXPECT_EQ(lock.refresh(), RefreshOutcome::refreshed);
  const RefreshedEvent refreshed_event = refreshed.get_future().get();
  EXPECT_EQ(refreshed_event.key, lock.key());
  EXPECT_EQ(refreshed_event.lock_ttl, long_lock_ttl);
  EXPECT_EQ(refreshed_event.safe_until, lock.safe_until());
  EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  EXPECT_EQ(released.get_future().get().key, lock.key());
}

void failed_attempts_are_no_events(StoreUnderTest& store) {
  Diary diary;
  ExclusiveLock holder(options_for(store));
  ExclusiveLock lock(options_for(store));
  keep_a_diary(lock, diary);
  ASSERT_TRUE(holder.acquire());
  EXPECT_FALSE(lock.acquire());
  EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
  EXPECT_EQ(lock.refresh(), RefreshOutcome::not_held);
  holder.release();
  ASSERT_TRUE(lock.acquire());
  EXPECT_TRUE(diary.has("acquired"));
  EXPECT_EQ(diary.lines(), std::vector<std::string>{"acquired"});
}

void handlers_may_release(StoreUnderTest& store) {
  Diary diary;
  ExclusiveLock lock(with_ttl(options_for(store), 10min, 20ms));
  lock.on_acquired([&](const AcquiredEvent&) {
    diary.note(lock.refresh() == RefreshOutcome::refreshed ? "refreshed inside" : "not refreshed");
    diary.note(lock.inspect() ? "seen inside" : "not seen");
  });
  lock.on_refreshed([&](const RefreshedEvent&) { lock.release(); });
  lock.on_released([&](const ReleasedEvent&) { diary.note("released"); });
  ASSERT_TRUE(lock.acquire());
  EXPECT_TRUE(diary.has("refreshed inside"));
  EXPECT_TRUE(diary.has("released"));
  EXPECT_FALSE(lock.held());
  EXPECT_FALSE(lock.inspect());
}

void handlers_may_acquire_again(StoreUnderTest& store) {
  Diary diary;
  ExclusiveLock lock(options_for(store));
  lock.on_lost(
      [&](const LostEvent&) { diary.note(lock.acquire() ? "acquired again" : "not acquired"); });
  ASSERT_TRUE(lock.acquire());
  store.erase(lock.key());
  EXPECT_EQ(lock.refresh(), RefreshOutcome::lost);
  EXPECT_TRUE(diary.has("acquired again"));
  EXPECT_TRUE(lock.held());
}

void refreshes_are_told(StoreUnderTest& store) {
  Diary diary;
  ExclusiveLock lock(with_ttl(options_for(store), 10min, 20ms));
  keep_a_diary(lock, diary);
  ASSERT_TRUE(lock.acquire());
  EXPECT_TRUE(diary.has("refreshed", 5));
  lock.release();
  EXPECT_TRUE(diary.has("released"));
  const auto lines = diary.lines();
  EXPECT_EQ(lines.front(), "acquired");
  EXPECT_EQ(lines.back(), "released");
}

}  // namespace

Checks telling_checks() {
  return {{"EventsComeInOrder", come_in_order},
          {"EventsSayWhatHappened", say_what_happened},
          {"EventsAreNotMadeOfFailedAttempts", failed_attempts_are_no_events},
          {"HandlersMayRelease", handlers_may_release},
          {"HandlersMayAcquireAgain", handlers_may_acquire_again},
          {"RefreshesAreTold", refreshes_are_told}};
}

}  // namespace exclusive_lock::conformance
