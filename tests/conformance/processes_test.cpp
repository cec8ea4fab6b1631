// Holders in processes of their own, which are stopped, killed, and many.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "conformance/api/worker.hpp"
#include "conformance/child_process.hpp"
#include "conformance/store_under_test.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

class Processes : public testing::TestWithParam<StoreKind> {
 protected:
  // Opened before anything else has threads, so that children can be made by a bare fork().
  std::unique_ptr<StoreUnderTest> store = GetParam().open();
};

TEST_P(Processes, StoppedHolderHasLostWhenItGoesOnAndHarmsNobody) {
  struct State {
    std::atomic<bool> held = false;
    std::atomic<bool> told = false;
  };
  const Shared<State> state;
  Child holder([&] {
    ExclusiveLock lock(with_ttl(options_for(*store), 1500ms, 100ms));
    if (!lock.acquire()) {
      return 1;
    }
    const std::stop_token token = lock.lost_token();
    state->held = true;
    std::mutex mutex;
    std::unique_lock wait(mutex);
    std::condition_variable_any stopped;
    if (stopped.wait_for(wait, token, very_long, [] { return false; }) || !token.stop_requested()) {
      return 2;
    }
    state->told = true;
    return (lock.held() ? 4 : 0) + (lock.release() == ReleaseOutcome::not_held ? 0 : 8) +
           (lock.refresh() == RefreshOutcome::not_held ? 0 : 16);
  });
  ASSERT_TRUE(comes_true([&] { return state->held.load(); }));
  holder.send(SIGSTOP);
  ExclusiveLock next(options_for(*store));
  ASSERT_TRUE(next.acquire_for(very_long));
  const auto record = next.inspect();
  EXPECT_FALSE(state->told) << "it was stopped";
  holder.send(SIGCONT);
  EXPECT_EQ(holder.result(), 0);
  EXPECT_TRUE(state->told);
  const auto still = next.inspect();
  ASSERT_TRUE(record && still);
  EXPECT_EQ(record->raw, still->raw);
  EXPECT_LE(*still->remaining_ttl, long_lock_ttl);
  EXPECT_EQ(next.refresh(), RefreshOutcome::refreshed);
}

TEST_P(Processes, KilledHolderIsFollowed) {
  struct State {
    std::atomic<std::uint64_t> fence = 0;
  };
  const Shared<State> state;
  Child holder([&] {
    ExclusiveLock lock(with_ttl(options_for(*store), 1500ms, 100ms));
    if (!lock.acquire()) {
      return 1;
    }
    state->fence = lock.fence()->value;
    ::pause();
    return 2;
  });
  ASSERT_TRUE(comes_true([&] { return state->fence != 0; }));
  ExclusiveLock next(options_for(*store));
  EXPECT_FALSE(next.acquire());
  holder.send(SIGKILL);
  EXPECT_EQ(holder.result(), -SIGKILL);
  EXPECT_TRUE(next.acquire_for(very_long));
  EXPECT_GT(next.fence()->value, state->fence.load());
}

TEST_P(Processes, OfManyOneWorksAtATime) {
  constexpr int processes = 6;
  constexpr int rounds = 5;
  struct State {
    std::atomic<int> inside = 0;
    std::atomic<int> overlaps = 0;
    std::atomic<std::uint64_t> last_fence = 0;
    std::atomic<int> fences_that_fell = 0;
    std::atomic<int> done = 0;
  };
  const Shared<State> state;
  std::vector<Child> children;
  for (int i = 0; i < processes; ++i) {
    children.emplace_back([&] {
      ExclusiveLock lock(options_for(*store));
      for (int round = 0; round < rounds; ++round) {
        if (!lock.acquire_for(very_long)) {
          return 1;
        }
        state->overlaps += state->inside++ != 0;
        const std::uint64_t fence = lock.fence()->value;
        state->fences_that_fell += state->last_fence.exchange(fence) >= fence;
        std::this_thread::sleep_for(1ms);
        --state->inside;
        ++state->done;
        if (lock.release() != ReleaseOutcome::released) {
          return 2;
        }
      }
      return 0;
    });
  }
  for (Child& child : children) {
    EXPECT_EQ(child.result(), 0);
  }
  EXPECT_EQ(state->done, processes * rounds);
  EXPECT_EQ(state->overlaps, 0);
  EXPECT_EQ(state->fences_that_fell, 0);
}

TEST_P(Processes, KilledWaiterIsPassedOver) {
  struct State {
    std::atomic<bool> go = false;
  };
  const Shared<State> state;
  Child killed([&] {
    comes_true([&] { return state->go.load(); });
    ExclusiveLock lock(options_for(*store));
    return lock.acquire_for(very_long) ? 1 : 2;
  });
  ExclusiveLock holder(options_for(*store));
  ASSERT_TRUE(holder.acquire());
  state->go = true;
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 1; }));
  ExclusiveLock next(options_for(*store));
  std::jthread waits([&] { EXPECT_TRUE(next.acquire_for(very_long)); });
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == 2; }));
  killed.send(SIGKILL);
  EXPECT_EQ(killed.result(), -SIGKILL);
  holder.release();
}

// A thousand in ten processes, a hundred on each connection: each is served, once, alone.
TEST_P(Processes, ThousandWaitersAreServedOnceEach) {
  constexpr int processes = 10;
  constexpr int waiters = 100;
  struct State {
    std::atomic<bool> go = false;
    std::atomic<int> inside = 0;
    std::atomic<int> overlaps = 0;
    std::atomic<int> served = 0;
  };
  const Shared<State> state;
  std::vector<Child> children;
  for (int i = 0; i < processes; ++i) {
    children.emplace_back([&] {
      comes_true([&] { return state->go.load(); });
      const auto connection = store->connection();
      std::atomic<int> failures = 0;
      std::vector<std::jthread> threads;
      for (int each = 0; each < waiters; ++each) {
        threads.emplace_back([&] {
          ExclusiveLock lock(options_for(*store, connection));
          if (!lock.acquire_for(2 * very_long)) {
            ++failures;
            return;
          }
          state->overlaps += state->inside++ != 0;
          --state->inside;
          ++state->served;
          failures += lock.release() != ReleaseOutcome::released;
        });
      }
      threads.clear();
      return failures > 0 ? 1 : 0;
    });
  }
  ExclusiveLock holder(options_for(*store));
  ASSERT_TRUE(holder.acquire());
  state->go = true;
  ASSERT_TRUE(comes_true([&] { return waiting_for(holder) == processes * waiters; }));
  holder.release();
  for (Child& child : children) {
    EXPECT_EQ(child.result(), 0);
  }
  EXPECT_EQ(state->served, processes * waiters);
  EXPECT_EQ(state->overlaps, 0);
  EXPECT_FALSE(holder.inspect());
}

std::vector<StoreKind> stores_of_many_processes() {
  std::vector<StoreKind> kinds = stores_to_test();
  std::erase_if(kinds, [](const StoreKind& kind) { return kind.name.starts_with("memory"); });
  return kinds;
}

INSTANTIATE_TEST_SUITE_P(Stores, Processes, testing::ValuesIn(stores_of_many_processes()),
                         [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace exclusive_lock::conformance
