// What the log says of a hold that is in failure: often all that is left to find out why two worked
// at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/ostream_sink.h>

#include <future>
#include <sstream>
#include <stdexcept>

#include "exclusive_lock/exclusive_lock.hpp"
#include "manual_store.hpp"
#include "runtime/engine.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class LockLog : public ::testing::Test {
 protected:
  LockLog() {
    Options options;
    options.app_name = "job";
    options.cache_connection = std::make_shared<Connection>(
        make_engine(store_, {.command_timeout = 1000ms, .log = logger_}));
    options.lock_ttl = 60s;
    options.lock_refresh = 20ms;
    options.log = logger_;
    lock_ = std::make_unique<ExclusiveLock>(options);
    logger_->set_level(spdlog::level::debug);
  }
  void acquire() {
    auto acquired = std::async(std::launch::async, [&] { return lock_->acquire(); });
    store_->next_attempt().done(AttemptReply{.outcome = AttemptReplyStatus::granted,
                                             .fence = Fence{5},
                                             .remaining_ttl = 60s,
                                             .store_time = {}});
    ASSERT_TRUE(acquired.get());
  }
  ReleaseOutcome release(const Answer<ReleaseReply>& answer) {
    auto outcome = std::async(std::launch::async, [&] { return lock_->release(); });
    store_->next_release().done(answer);
    return outcome.get();
  }
  static Answer<ReleaseReply> verdict(ReleaseReplyStatus verdict) { return ReleaseReply{verdict}; }
  static RefreshReply refreshed(std::optional<StoreTime> store_time = {}) {
    return {.verdicts = {RefreshReplyStatus::refreshed}, .store_time = store_time};
  }
  static StoreFailure unanswered() {
    return {.code = errc::outcome_unknown, .message = "no answer", .may_have_run = true};
  }
  // All of it: no thread is left to write more.
  std::string text() {
    lock_.reset();
    store_.reset();
    return text_.str();
  }

  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> logger_ = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
  std::shared_ptr<ManualStore> store_ = std::make_shared<ManualStore>();
  std::unique_ptr<ExclusiveLock> lock_;
};

TEST_F(LockLog, SaysWhyAHoldWasLostAndItsFence) {
  acquire();
  std::promise<void> lost;
  lock_->on_lost([&](const LostEvent&) { lost.set_value(); });
  store_->next_refresh().done(
      RefreshReply{.verdicts = {RefreshReplyStatus::lost}, .store_time = {}});
  lost.get_future().wait();
  EXPECT_THAT(text(), HasSubstr("exclusive-lock:job lock lost (fence 5): its record is gone"));
}

TEST_F(LockLog, SaysWhatARefreshFailedFor) {
  std::promise<std::string> failed;
  lock_->on_error([&](const ErrorEvent& event) { failed.set_value(event.message); });
  acquire();
  store_->next_refresh().done(unanswered());
  EXPECT_EQ(failed.get_future().get(), unanswered().message);
  EXPECT_EQ(release(verdict(ReleaseReplyStatus::released)), ReleaseOutcome::released);
  const std::string said = text();
  EXPECT_THAT(said, HasSubstr("exclusive-lock:job lock not refreshed, "));
  EXPECT_THAT(said, HasSubstr(" ms left: no answer"));
}

TEST_F(LockLog, SaysThatAReleaseIsStillToCome) {
  acquire();
  EXPECT_EQ(release(unanswered()), ReleaseOutcome::unknown);
  store_->next_release().done(verdict(ReleaseReplyStatus::released));
  EXPECT_THAT(text(),
              HasSubstr("exclusive-lock:job lock: not released yet: no answer; it ends by its"));
}

TEST_F(LockLog, SaysThatTheReleaseFoundSomebodyElse) {
  acquire();
  EXPECT_EQ(release(verdict(ReleaseReplyStatus::not_owner)), ReleaseOutcome::not_held);
  EXPECT_THAT(text(), HasSubstr("lock was lost before it was released"));
}

TEST_F(LockLog, SaysThatTheStoresClockWasSet) {
  acquire();
  constexpr StoreTime before = 1'000'000s;
  store_->next_refresh().done(refreshed(before));
  store_->next_refresh().done(refreshed(before + 10s));
  store_->next_refresh().done(refreshed(before - 10s));
  store_->next_refresh();  // the ones before have been looked at
  EXPECT_EQ(release(verdict(ReleaseReplyStatus::released)), ReleaseOutcome::released);
  const std::string said = text();
  EXPECT_THAT(said, HasSubstr("the clock of manual: stepped by "));
  EXPECT_THAT(said, HasSubstr("locks on it expire early: holds are shortened and refreshed"));
  EXPECT_THAT(said, HasSubstr("locks of dead holders last that much longer"));
}

TEST_F(LockLog, SaysThatTheStoresClockGains) {
  acquire();
  const Instant start = BootClock::now();
  const auto shown = [&](int percent) {
    const auto passed = std::chrono::duration_cast<StoreTime>(BootClock::now() - start);
    return StoreTime(1'000'000s) + passed + passed * percent / 100;
  };
  // Far enough apart to prove a rate.
  while (BootClock::now() < start + 1s)
    store_->next_refresh().done(refreshed(shown(8)));
  EXPECT_EQ(release(verdict(ReleaseReplyStatus::released)), ReleaseOutcome::released);
  EXPECT_THAT(text(), HasSubstr("the clock of manual: gains on ours, by up to "));
}

TEST_F(LockLog, SaysWhatAHandlerThrew) {
  std::promise<void> notified;
  lock_->on_acquired([](const AcquiredEvent&) { throw std::runtime_error("a \x1b[2J bug"); });
  lock_->on_released([&](const ReleasedEvent&) {
    notified.set_value();
    throw 7;
  });
  acquire();
  EXPECT_EQ(release(verdict(ReleaseReplyStatus::released)), ReleaseOutcome::released);
  notified.get_future().wait();
  const std::string said = text();
  EXPECT_THAT(said, HasSubstr(R"(an event handler threw: a \x1b[2J bug)"));
  EXPECT_THAT(said, HasSubstr("an event handler threw something that is not a std::exception"));
}

}  // namespace
}  // namespace exclusive_lock
