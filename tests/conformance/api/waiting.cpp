// acquire_for and its kin: waiting ends with the lock, with the time, or with a stop.

#include <atomic>
#include <future>
#include <thread>

#include "conformance/api/worker.hpp"
#include "conformance/check.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

void gets_it_when_it_is_released(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock waiter(options_for(store));
  ASSERT_TRUE(holder.acquire());
  auto waited = std::async(std::launch::async, [&] { return waiter.acquire_for(very_long); });
  EXPECT_EQ(waited.wait_for(100ms), std::future_status::timeout) << "while it is held";
  const auto fence = holder.fence();
  holder.release();
  EXPECT_TRUE(waited.get());
  EXPECT_TRUE(waiter.held());
  EXPECT_GT(waiter.fence(), fence);
}

void gets_it_when_the_holder_is_gone(StoreUnderTest& store) {
  ExclusiveLock waiter(options_for(store));
  store.plant(waiter.key(), "1", 300ms);
  const Instant asked_at = BootClock::now();
  EXPECT_TRUE(waiter.acquire_for(very_long));
  EXPECT_LT(BootClock::now() - asked_at, very_long / 2);
}

void gives_up_when_its_time_is_over(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock waiter(options_for(store));
  ASSERT_TRUE(holder.acquire());
  const Instant asked_at = BootClock::now();
  EXPECT_FALSE(waiter.acquire_for(150ms));
  EXPECT_GE(BootClock::now(), asked_at + 150ms);
  EXPECT_FALSE(waiter.acquire_until(asked_at + 200ms));
  EXPECT_GE(BootClock::now(), asked_at + 200ms);
  EXPECT_TRUE(holder.held());
}

void without_time_it_tries_once(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock waiter(options_for(store));
  for (const auto wait_options : {0ms, -1ms, Milliseconds::min()}) {
    EXPECT_TRUE(holder.acquire_for(wait_options));
    EXPECT_FALSE(waiter.acquire_for(wait_options));
    holder.release();
  }
  EXPECT_TRUE(waiter.acquire_until(BootClock::now() - 1h));
  EXPECT_FALSE(holder.acquire_until(Instant::min()));
}

void endless_wait_is_allowed(StoreUnderTest& store) {
  ExclusiveLock lock(options_for(store));
  EXPECT_TRUE(lock.acquire_for(Milliseconds::max()));
  lock.release();
  EXPECT_TRUE(lock.acquire_until(Instant::max()));
}

void stops_when_it_is_told_to(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ExclusiveLock waiter(options_for(store));
  ASSERT_TRUE(holder.acquire());
  std::stop_source stop;
  auto waited = std::async(std::launch::async,
                           [&] { return waiter.acquire_for(10 * very_long, stop.get_token()); });
  EXPECT_EQ(waited.wait_for(50ms), std::future_status::timeout);
  stop.request_stop();
  EXPECT_EQ(waited.wait_for(very_long), std::future_status::ready);
  EXPECT_FALSE(waited.get());
  EXPECT_FALSE(waiter.held());
  holder.release();
  EXPECT_FALSE(waiter.acquire_for(very_long, stop.get_token())) << "stopped before it began";
  std::error_code error;
  EXPECT_FALSE(waiter.acquire_until(Instant::max(), stop.get_token(), error));
  EXPECT_FALSE(error);
  EXPECT_TRUE(waiter.acquire()) << "and it left nothing behind that is in its own way";
}

void of_many_one_works_at_a_time(StoreUnderTest& store) {
  constexpr int workers = 8;
  const auto one_connection = store.connection();
  const auto other_connection = store.connection();
  std::atomic<int> inside = 0;
  std::atomic<int> done = 0;
  std::atomic<std::uint64_t> last_fence = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < workers; ++i) {
    threads.emplace_back([&, i] {
      ExclusiveLock lock(options_for(store, i % 2 == 0 ? one_connection : other_connection));
      ASSERT_TRUE(lock.acquire_for(very_long));
      EXPECT_EQ(++inside, 1);
      EXPECT_LT(last_fence.exchange(lock.fence()->value), lock.fence()->value);
      std::this_thread::sleep_for(2ms);
      EXPECT_TRUE(lock.held());
      --inside;
      lock.release();
      ++done;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(done, workers);
}

}  // namespace

Checks waiting_checks() {
  return {{"WaiterGetsItWhenItIsReleased", gets_it_when_it_is_released},
          {"WaiterGetsItWhenTheHolderIsGone", gets_it_when_the_holder_is_gone},
          {"WaiterGivesUpWhenItsTimeIsOver", gives_up_when_its_time_is_over},
          {"WaiterWithoutTimeTriesOnce", without_time_it_tries_once},
          {"WaiterMayHaveEndlessWait", endless_wait_is_allowed},
          {"WaiterStopsWhenItIsToldTo", stops_when_it_is_told_to},
          {"OfManyWaitersOneWorksAtATime", of_many_one_works_at_a_time}};
}

}  // namespace exclusive_lock::conformance
