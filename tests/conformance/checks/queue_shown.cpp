// What others see of a queue, and a queue in use.

#include <atomic>
#include <memory>
#include <thread>

#include "conformance/check.hpp"
#include "conformance/contended.hpp"

namespace exclusive_lock::conformance {
namespace {

void inspect_shows_the_waiters_in_order(StoreUnderTest& store) {
  Contended lock(store);
  std::vector<Wish> wishes;
  for (const std::size_t size : {1U, 10U, 4000U, 100'000U, 1U}) {
    wishes.push_back(lock.wish(new_owner()));
    wishes.back().contents = size == 1 ? "1" : "\"" + std::string(size, 'x') + "\"";
    ASSERT_EQ(lock.requester.attempt(wishes.back()).outcome, AttemptReplyStatus::waiting);
  }
  const auto record = lock.requester.inspect(lock.key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record_owner(record->value), lock.first);
  EXPECT_EQ(record->waiting, wishes.size());
  ASSERT_EQ(record->waiters.size(), wishes.size());
  std::optional<StoreTime> last;
  for (std::size_t i = 0; i < wishes.size(); ++i) {
    const StoredWaiter& waiter = record->waiters[i];
    EXPECT_EQ(waiter.owner, wishes[i].owner);
    EXPECT_TRUE(waiter.tail_head == tail_of(wishes[i]).substr(0, waiter_tail_head_size));
    ASSERT_TRUE(waiter.arrived_at);
    EXPECT_GT(waiter.arrived_at, last) << "two have the same place";
    last = waiter.arrived_at;
  }
  const LockRecord shown =
      decode_record(encode_record(wishes[0].owner, Fence{1}, 1, record->waiters[0].tail_head));
  EXPECT_EQ(shown.kind, RecordKind::ours);
  EXPECT_EQ(shown.host, "test-host");
  EXPECT_EQ(shown.pid, 4711);
  EXPECT_EQ(shown.label, "conformance");
}

void inspect_shows_the_first_of_many_waiters(StoreUnderTest& store) {
  Contended lock(store);
  std::vector<Owner> waiters;
  for (std::size_t i = 0; i < max_waiters_shown + 5; ++i) {
    waiters.push_back(new_owner());
    ASSERT_EQ(lock.requester.attempt(lock.wish(waiters.back())).outcome,
              AttemptReplyStatus::waiting);
  }
  const auto record = lock.requester.inspect(lock.key);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->waiting, waiters.size());
  ASSERT_EQ(record->waiters.size(), max_waiters_shown);
  for (std::size_t i = 0; i < max_waiters_shown; ++i) {
    EXPECT_EQ(record->waiters[i].owner, waiters[i]);
  }
}

void arrival_is_by_the_stores_wall_clock(StoreUnderTest& store) {
  Contended lock(store);
  const AttemptReply reply = lock.requester.attempt(lock.wish(new_owner()));
  ASSERT_TRUE(reply.arrived_at);
  const StoreTime now = reply.store_time.value_or(
      std::chrono::duration_cast<StoreTime>(std::chrono::system_clock::now().time_since_epoch()));
  EXPECT_LT(std::chrono::abs(now - *reply.arrived_at), std::chrono::minutes(10));
  const auto record = lock.requester.inspect(lock.key);
  ASSERT_TRUE(record);
  ASSERT_EQ(record->waiters.size(), 1U);
  EXPECT_EQ(record->waiters[0].arrived_at, reply.arrived_at);
}

void list_shows_how_many_wait(StoreUnderTest& store) {
  Contended lock(store);
  lock.joins();
  lock.joins();
  const std::string other = store.key("other");
  EXPECT_EQ(lock.requester.attempt({.key = other, .owner = new_owner()}).outcome,
            AttemptReplyStatus::granted);
  const auto records = lock.requester.list(store.prefix()).records;
  ASSERT_EQ(records.size(), 2U) << "side keys are not among them";
  for (const StoredRecord& record : records) {
    EXPECT_EQ(record.waiting, record.key == lock.key ? 2U : 0U);
    EXPECT_TRUE(record.waiters.empty());
  }
}

// Each of many threads waits for its turn with heartbeats, as often as there are rounds.
void each_of_many_waiters_is_served(StoreUnderTest& store) {
  constexpr int threads = 8;
  constexpr int rounds = 8;
  std::vector<std::unique_ptr<Requester>> requesters;
  for (int i = 0; i < 4; ++i) {
    requesters.push_back(std::make_unique<Requester>(store));
  }
  const std::string key = store.key("job");
  std::atomic<int> inside = 0;
  std::atomic<int> holds = 0;
  std::atomic<std::uint64_t> last_fence = 0;
  const auto hold_once = [&](Requester& requester, const Owner& owner) {
    const AttemptReply reply =
        requester.attempt({.key = key, .owner = owner, .wait_options = long_wait});
    Fence fence = reply.fence;
    const Instant give_up_at = requester.soon();
    for (bool granted = reply.outcome == AttemptReplyStatus::granted; !granted;
         std::this_thread::yield()) {
      const HeartbeatReply heartbeat = requester.heartbeat(key, owner);
      ASSERT_NE(heartbeat.outcome, HeartbeatReplyStatus::gone);
      ASSERT_LT(store.clock().now(), give_up_at) << "its turn never came";
      granted = heartbeat.outcome == HeartbeatReplyStatus::granted;
      fence = heartbeat.fence;
    }
    EXPECT_EQ(++inside, 1) << "two hold the lock at once";
    EXPECT_LT(last_fence.exchange(fence.value), fence.value);
    ++holds;
    --inside;
    EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
  };
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      try {
        Owner owner = new_owner();
        for (int round = 0; round < rounds; ++round) {
          hold_once(*requesters.at(static_cast<std::size_t>(i) % requesters.size()), owner);
          ++owner.ticket;
        }
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  for (std::thread& each : running) {
    each.join();
  }
  EXPECT_EQ(holds, threads * rounds);
  EXPECT_FALSE(requesters[0]->inspect(key));
  EXPECT_TRUE(queue_keys(store).empty());
}

}  // namespace

Checks queue_shown_checks() {
  return {{"InspectShowsTheWaitersInOrder", inspect_shows_the_waiters_in_order},
          {"InspectShowsTheFirstOfManyWaiters", inspect_shows_the_first_of_many_waiters},
          {"ArrivalIsByTheStoresWallClock", arrival_is_by_the_stores_wall_clock},
          {"ListShowsHowManyWait", list_shows_how_many_wait},
          {"EachOfManyWaitersIsServed", each_of_many_waiters_is_served}};
}

}  // namespace exclusive_lock::conformance
