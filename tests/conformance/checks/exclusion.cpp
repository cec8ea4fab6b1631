// G1: of all that ask, one is granted.

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "conformance/check.hpp"
#include "conformance/requester.hpp"

namespace exclusive_lock::conformance {
namespace {

constexpr int connections = 4;
constexpr int threads = 8;

std::vector<std::unique_ptr<Requester>> some_connections(StoreUnderTest& store) {
  std::vector<std::unique_ptr<Requester>> all;
  for (int i = 0; i < connections; ++i) {
    all.push_back(std::make_unique<Requester>(store));
  }
  return all;
}

template <class Work>
void in_threads(int count, Work work) {
  std::vector<std::thread> running;
  for (int i = 0; i < count; ++i) {
    running.emplace_back([i, &work] {
      try {
        work(i);
      } catch (const std::exception& error) {
        ADD_FAILURE() << error.what();
      }
    });
  }
  for (std::thread& each : running) {
    each.join();
  }
}

void one_of_many_threads_is_granted(StoreUnderTest& store) {
  const auto requesters = some_connections(store);
  for (int round = 0; round < 10; ++round) {
    const std::string key = store.key("round " + std::to_string(round));
    std::atomic<int> granted = 0;
    std::atomic<int> busy = 0;
    in_threads(threads, [&](int i) {
      const AttemptReply reply =
          requesters.at(i % connections)->attempt({.key = key, .owner = new_owner()});
      granted += reply.outcome == AttemptReplyStatus::granted;
      busy += reply.outcome == AttemptReplyStatus::busy;
    });
    EXPECT_EQ(granted, 1);
    EXPECT_EQ(busy, threads - 1);
  }
}

void one_of_many_requests_in_flight_is_granted(StoreUnderTest& store) {
  Requester requester(store);
  constexpr int requests = 100;
  struct Tally {
    std::atomic<int> granted = 0;
    std::atomic<int> busy = 0;
    std::atomic<int> answers = 0;
    std::promise<void> all;
  };
  const auto tally = std::make_shared<Tally>();
  std::future<void> all = tally->all.get_future();
  for (int i = 0; i < requests; ++i) {
    requester.store().attempt(
        requester.request_of({.key = store.key("job"), .owner = new_owner()}), requester.soon(),
        [tally](const Answer<AttemptReply>& answer) {
          const auto* reply = std::get_if<AttemptReply>(&answer);
          const bool granted = reply != nullptr && reply->outcome == AttemptReplyStatus::granted;
          const bool busy = reply != nullptr && reply->outcome == AttemptReplyStatus::busy;
          tally->granted += granted;
          tally->busy += busy;
          if (++tally->answers == requests) {
            tally->all.set_value();
          }
        });
  }
  ASSERT_EQ(all.wait_for(std::chrono::seconds(60)), std::future_status::ready);
  EXPECT_EQ(tally->granted, 1);
  EXPECT_EQ(tally->busy, requests - 1);
}

// Every thread works until the lock was held often enough; the work shows whoever else is inside,
// and that the fence of each hold is above all before it.
void never_two_inside(StoreUnderTest& store) {
  const auto requesters = some_connections(store);
  const std::string key = store.key("job");
  constexpr int wanted_holds = 100;
  std::atomic<int> inside = 0;
  std::atomic<int> holds = 0;
  std::atomic<std::uint64_t> last_fence = 0;
  in_threads(threads, [&](int i) {
    Requester& requester = *requesters.at(i % connections);
    Owner owner = new_owner();
    while (holds < wanted_holds) {
      ++owner.ticket;
      const AttemptReply reply = requester.attempt({.key = key, .owner = owner});
      if (reply.outcome != AttemptReplyStatus::granted) {
        EXPECT_EQ(reply.outcome, AttemptReplyStatus::busy);
        std::this_thread::yield();
        continue;
      }
      EXPECT_EQ(++inside, 1) << "two hold the lock at once";
      EXPECT_LT(last_fence.exchange(reply.fence.value), reply.fence.value);
      ++holds;
      std::this_thread::yield();
      --inside;
      EXPECT_EQ(requester.release(key, owner), ReleaseReplyStatus::released);
    }
  });
}

void names_are_independent(StoreUnderTest& store) {
  Requester requester(store);
  const Owner owner = new_owner();
  for (const char* name : {"a", "b", "a.b", "a-b"}) {
    EXPECT_EQ(requester.attempt({.key = store.key(name), .owner = owner}).outcome,
              AttemptReplyStatus::granted);
  }
  EXPECT_EQ(requester.release(store.key("a"), owner), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester.inspect(store.key("a")));
  EXPECT_TRUE(requester.inspect(store.key("b")));
}

void busy_tells_how_long_the_holder_has(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const AttemptReply held = requester.attempt({.key = key, .owner = new_owner()});
  ASSERT_EQ(held.outcome, AttemptReplyStatus::granted);
  ASSERT_TRUE(held.remaining_ttl);
  EXPECT_LE(*held.remaining_ttl, long_ttl);
  EXPECT_GT(*held.remaining_ttl, long_ttl / 2);
  const AttemptReply reply =
      requester.attempt({.key = key, .owner = new_owner(), .ttl = 2 * long_ttl});
  EXPECT_EQ(reply.outcome, AttemptReplyStatus::busy);
  ASSERT_TRUE(reply.remaining_ttl);
  EXPECT_LE(*reply.remaining_ttl, long_ttl);
  EXPECT_GT(*reply.remaining_ttl, Milliseconds::zero());
  EXPECT_GE(reply.fence, held.fence) << "busy tells the highest fence";
}

void two_objects_of_one_program_are_strangers(StoreUnderTest& store) {
  Requester requester(store);
  const std::string key = store.key("job");
  const Owner one = new_owner();
  ASSERT_EQ(requester.attempt({.key = key, .owner = one}).outcome, AttemptReplyStatus::granted);
  Owner other = one;
  other.id[15] ^= 1;  // one bit is another object
  EXPECT_EQ(requester.attempt({.key = key, .owner = with_ticket(other, 2)}).outcome,
            AttemptReplyStatus::busy);
  EXPECT_EQ(requester.refresh(key, other), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.release(key, with_ticket(other, 2)), ReleaseReplyStatus::not_owner);
  EXPECT_EQ(requester.refresh(key, one), RefreshReplyStatus::refreshed);
}

}  // namespace

Checks exclusion_checks() {
  return {{"OneOfManyThreadsIsGranted", one_of_many_threads_is_granted},
          {"OneOfManyRequestsInFlightIsGranted", one_of_many_requests_in_flight_is_granted},
          {"NeverTwoInside", never_two_inside},
          {"NamesAreIndependent", names_are_independent},
          {"BusyTellsHowLongTheHolderHas", busy_tells_how_long_the_holder_has},
          {"TwoObjectsOfOneProgramAreStrangers", two_objects_of_one_program_are_strangers}};
}

}  // namespace exclusive_lock::conformance
