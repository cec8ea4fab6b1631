// A store whose verbs block, as `local:` does while another process keeps it: losses are reported
// in time all the same (G5).

#include "runtime/store_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "exclusive_lock/exclusive_lock.hpp"
#include "runtime/engine.hpp"
#include "stores/memory/memory_store.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr auto very_late = 20s;  // a failure, not a duration that is waited

// Works in memory, unless it is frozen: then every verb that writes waits until it is let go, or
// for its own bound.
class FreezingStore final : public ForwardingStore {
 public:
  explicit FreezingStore(const ClockSource& clock) : ForwardingStore(make_memory_store(clock)) {}

  void freeze(std::chrono::milliseconds bound) {
    const std::lock_guard guard(mutex_);
    is_frozen_ = true;
    bound_ = bound;
  }
  void let_go() {
    const std::lock_guard guard(mutex_);
    is_frozen_ = false;
    changed_.notify_all();
  }
  void await_blocked() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, very_late, [this] { return blocked_ > 0; }));
  }

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    block();
    ForwardingStore::attempt(std::move(request), deadline, std::move(done));
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    block();
    ForwardingStore::heartbeat(std::move(request), deadline, std::move(done));
  }
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    block();
    ForwardingStore::refresh(std::move(requests), deadline, std::move(done));
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    block();
    ForwardingStore::release(std::move(request), deadline, std::move(done));
  }
  bool blocks() const override { return true; }
  void close() override {
    ForwardingStore::close();
    const std::lock_guard guard(mutex_);
    is_closed_ = true;
    changed_.notify_all();
  }
  void await_close() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, very_late, [this] { return is_closed_; }));
  }

 private:
  void block() {
    std::unique_lock lock(mutex_);
    ++blocked_;
    changed_.notify_all();
    changed_.wait_for(lock, bound_, [this] { return !is_frozen_; });
    --blocked_;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_frozen_ = false;
  bool is_closed_ = false;
  std::chrono::milliseconds bound_ = 0ms;
  int blocked_ = 0;
};

// A lock, and whether its loss has been reported in both ways.
struct WatchedLock {
  explicit WatchedLock(const Options& options) : lock(options) {
    lock.on_lost([this](const LostEvent&) { event.set_value(); });
  }
  void acquire() {
    ASSERT_TRUE(lock.acquire());
    on_stop.emplace(lock.lost_token(), [this] { token.set_value(); });
  }
  std::promise<void> event;
  std::promise<void> token;
  ExclusiveLock lock;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
};

bool comes(std::promise<void>& promise) {
  return promise.get_future().wait_for(very_late) == std::future_status::ready;
}

class BlockingStore : public ::testing::Test {
 protected:
  std::vector<std::unique_ptr<WatchedLock>> hold(int locks, Milliseconds ttl = 400ms) {
    std::vector<std::unique_ptr<WatchedLock>> held;
    for (int i = 0; i < locks; ++i) {
      Options options;
      options.app_name = "job" + std::to_string(i);
      options.cache_connection = connection_;
      options.lock_ttl = ttl;
      options.lock_refresh = ttl / 4;
      options.allow_short_ttl = true;
      held.push_back(std::make_unique<WatchedLock>(options));
      held.back()->acquire();
    }
    return held;
  }

  SystemClockSource clock_;
  std::shared_ptr<FreezingStore> store_ = std::make_shared<FreezingStore>(clock_);
  std::shared_ptr<Connection> connection_ =
      std::make_shared<Connection>(make_engine(store_, {.command_timeout = 1000ms, .log = {}}));
};

TEST_F(BlockingStore, EveryLossIsReportedWhileTheStoreIsStillFrozen) {  // G5
  const auto held = hold(10);
  store_->freeze(very_late * 3);
  for (const auto& each : held) {
    EXPECT_TRUE(comes(each->token));
    EXPECT_TRUE(comes(each->event));
  }
  store_->let_go();
}

TEST_F(BlockingStore, RefreshByHandThatWaitsForTheStoreDoesNotDelayTheLoss) {  // G5
  const auto held = hold(1);
  store_->freeze(very_late * 3);
  auto outcome = std::async(std::launch::async, [&] { return held.front()->lock.refresh(); });
  EXPECT_TRUE(comes(held.front()->token));
  EXPECT_TRUE(comes(held.front()->event));
  EXPECT_EQ(outcome.get(), RefreshOutcome::lost) << "though the store has not answered";
  store_->let_go();
}

TEST_F(BlockingStore, IsRefreshedAgainWhenTheStoreGoesOn) {
  const auto held = hold(2, 60s);
  store_->freeze(very_late * 3);
  std::promise<RefreshOutcome> outcome;
  auto refreshed = std::async(std::launch::async, [&] { return held.front()->lock.refresh(); });
  store_->await_blocked();
  store_->let_go();
  EXPECT_EQ(refreshed.get(), RefreshOutcome::refreshed);
  EXPECT_TRUE(held.back()->lock.held());
}

TEST_F(BlockingStore, DestructorsWaitForTheStoresOwnBoundOnly) {
  auto held = hold(10);
  store_->freeze(50ms);
  store_->await_blocked();
  held.clear();
  auto closed = std::async(std::launch::async, [&] { connection_.reset(); });
  EXPECT_EQ(closed.wait_for(very_late), std::future_status::ready);
}

class StoreThreadTest : public ::testing::Test {
 protected:
  void refresh() {
    thread_.refresh({{.key = "k", .owner = {}, .ttl = 1s}}, clock_.now() + 10s,
                    [this](const Answer<RefreshReply>& answer) {
                      answered_on_ = std::this_thread::get_id();
                      const auto* failure = std::get_if<StoreFailure>(&answer);
                      code_ = failure == nullptr ? std::error_code() : failure->code;
                      answered_.release();
                    });
  }
  void await_answer() { ASSERT_TRUE(answered_.try_acquire_for(very_late)); }

  SystemClockSource clock_;
  std::shared_ptr<FreezingStore> store_ = std::make_shared<FreezingStore>(clock_);
  bool must_not_wait_ = false;
  std::thread::id answered_on_;
  std::error_code code_;
  std::counting_semaphore<> answered_{0};
  StoreThread thread_{store_, [this] { return must_not_wait_; }};
};

TEST_F(StoreThreadTest, RefreshesNeverOnTheThreadThatAsks) {
  refresh();
  await_answer();
  EXPECT_NE(answered_on_, std::this_thread::get_id());
}

TEST_F(StoreThreadTest, ReleasesOnTheThreadThatAsksUnlessItMustNotWait) {
  for (const bool must_not_wait : {false, true}) {
    must_not_wait_ = must_not_wait;
    thread_.release({.key = "k", .owner = {}}, clock_.now() + 10s,
                    [this](const Answer<ReleaseReply>&) {
                      answered_on_ = std::this_thread::get_id();
                      answered_.release();
                    });
    await_answer();
    EXPECT_EQ(answered_on_ != std::this_thread::get_id(), must_not_wait);
  }
}

TEST_F(StoreThreadTest, CloseAnswersWhatIsQueuedAndWhatComesLater) {
  store_->freeze(very_late * 3);
  refresh();
  store_->await_blocked();
  refresh();
  auto closed = std::async(std::launch::async, [&] { thread_.close(); });
  store_->await_close();
  store_->let_go();  // the one that runs is waited for
  await_answer();
  await_answer();
  EXPECT_EQ(code_, errc::connection_closed);
  closed.get();
  refresh();
  await_answer();
  EXPECT_EQ(code_, errc::connection_closed);
}

}  // namespace
}  // namespace exclusive_lock
