// A thread that saw the hold end was right, whatever a reply says that came in time and is carried
// out a moment later (G5): the machine must learn it, or the record would be refreshed forever for
// a lock that no caller believes to hold.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "exclusive_lock/callbacks.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "manual_store.hpp"
#include "runtime/engine.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Shows a time that the test sets; a look at it may be the last one before something else happens.
class WatchedClock final : public ClockSource {
 public:
  [[nodiscard]] Instant now() const noexcept override {
    const Instant shown = now_;
    if (const auto meanwhile = std::exchange(after_next_look_, nullptr))
      meanwhile();
    return shown;
  }
  void set(Instant now) { now_ = now; }
  void after_next_look(std::function<void()> meanwhile) { after_next_look_ = std::move(meanwhile); }

 private:
  std::atomic<Instant> now_{Instant(1h)};
  mutable std::function<void()> after_next_look_;
};

class IdleWaker final : public Waker {
 public:
  void start(std::function<void()>) override {}
  void set(Instant) override {}
  void stop() override {}
};

class WaitingTasks final : public Notifier {
 public:
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  void run_all() {
    for (const auto& task : std::exchange(tasks_, {}))
      task();
  }

 private:
  std::vector<std::function<void()>> tasks_;
};

TEST(EndedBelief, IsALossThoughARefreshWasAnsweredInTime) {  // G5
  auto owned_clock = std::make_unique<WatchedClock>();
  WatchedClock& clock = *owned_clock;
  auto owned_events = std::make_unique<WaitingTasks>();
  WaitingTasks& events = *owned_events;
  auto owned_losses = std::make_unique<WaitingTasks>();
  WaitingTasks& losses = *owned_losses;
  const auto store = std::make_shared<ManualStore>();
  Options options;
  options.app_name = "job";
  options.cache_connection = std::make_shared<Connection>(
      std::make_shared<Engine>(store, EngineOptions{.command_timeout = 1000ms, .log = {}},
                               EngineEnvironment{.clock = std::move(owned_clock),
                                                 .random = std::make_unique<SystemRandomSource>(),
                                                 .waker = std::make_unique<IdleWaker>(),
                                                 .events = std::move(owned_events),
                                                 .losses = std::move(owned_losses)}));
  options.lock_ttl = 3000ms;
  ExclusiveLock lock(options);
  std::optional<LossReason> lost;
  lock.on_lost([&](const LostEvent& event) { lost = event.reason; });
  auto acquired = std::async(std::launch::async, [&] { return lock.acquire(); });
  store->next_attempt().done(AttemptReply{.outcome = AttemptReplyStatus::granted,
                                          .fence = Fence{5},
                                          .remaining_ttl = 3000ms,
                                          .store_time = {}});
  ASSERT_TRUE(acquired.get());
  const std::stop_token token = lock.lost_token();
  const Instant until = lock.safe_until().value();

  clock.set(until - 1s);
  begin_refresh(lock, [](RefreshOutcome) {});
  auto asked = store->next_refresh();
  clock.set(until - 1ns);
  clock.after_next_look([&] {
    clock.set(until);
    EXPECT_FALSE(lock.held());
  });
  asked.done(RefreshReply{.verdicts = {RefreshReplyStatus::refreshed}, .store_time = {}});
  EXPECT_FALSE(lock.held());
  events.run_all();
  losses.run_all();
  EXPECT_EQ(lost, LossReason::not_confirmed);
  EXPECT_TRUE(token.stop_requested());
  ASSERT_TRUE(store->asked_for_release()) << "the record would be in the way of others";
  store->next_release().done(ReleaseReply{ReleaseReplyStatus::released});
}

}  // namespace
}  // namespace exclusive_lock
