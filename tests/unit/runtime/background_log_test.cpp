// A log whose sink blocks holds up nothing but itself.

#include "runtime/background_log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "exclusive_lock/exclusive_lock.hpp"
#include "manual_store.hpp"
#include "runtime/engine.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Takes a line when it is open, and blocks otherwise.
class GatedSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  void open() {
    const std::lock_guard guard(gate_);
    is_open_ = true;
    changed_.notify_all();
  }
  void await_blocked() {
    std::unique_lock lock(gate_);
    ASSERT_TRUE(changed_.wait_for(lock, 20s, [this] { return is_blocked_; }));
  }
  void await_lines(std::size_t count) {
    std::unique_lock lock(gate_);
    ASSERT_TRUE(changed_.wait_for(lock, 20s, [&] { return lines_.size() >= count; }));
  }
  std::vector<std::string> lines() {
    const std::lock_guard guard(gate_);
    return lines_;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    std::unique_lock lock(gate_);
    is_blocked_ = !is_open_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_open_; });
    lines_.emplace_back(message.payload.data(), message.payload.size());
    changed_.notify_all();
  }
  void flush_() override {}

  std::mutex gate_;
  std::condition_variable changed_;
  bool is_open_ = false;
  bool is_blocked_ = false;
  std::vector<std::string> lines_;
};

class BackgroundLogTest : public ::testing::Test {
 protected:
  std::shared_ptr<GatedSink> sink_ = std::make_shared<GatedSink>();
  std::shared_ptr<spdlog::logger> target_ = std::make_shared<spdlog::logger>("test", sink_);
  std::shared_ptr<LogWriter> writer_ = std::make_shared<LogWriter>();
  std::shared_ptr<BackgroundLog> log_ = in_background(target_, writer_);

  // All that was logged, and nothing more comes.
  std::vector<std::string> written(std::size_t expected) {
    sink_->await_lines(expected);
    log_.reset();
    writer_.reset();
    return sink_->lines();
  }
};

TEST_F(BackgroundLogTest, WritesInOrderWhatTheTargetsLevelLetsThrough) {
  sink_->open();
  log_->info("one");
  log_->debug("not heard");
  target_->set_level(spdlog::level::debug);
  log_->debug("two");
  EXPECT_THAT(written(2), ElementsAre("one", "two"));
}

TEST_F(BackgroundLogTest, LinesBeyondTheBoundAreCountedAndReported) {
  log_->warn("the one that blocks");
  sink_->await_blocked();
  for (std::size_t i = 0; i < LogWriter::max_lines + 10; ++i)
    log_->warn("a line");
  sink_->open();
  const auto lines = written(1 + LogWriter::max_lines + 1);
  ASSERT_EQ(lines.size(), 1 + LogWriter::max_lines + 1);
  EXPECT_THAT(lines.back(), HasSubstr("10 lines of this log were dropped"));
}

TEST_F(BackgroundLogTest, SinkThatBlocksDoesNotHoldUpTheDestructor) {
  log_->warn("the one that blocks");
  sink_->await_blocked();
  EXPECT_TRUE(written(0).empty());
  sink_->open();
}

TEST(BlockedLog, RefreshesGoOnAndTheLockIsHeld) {  // G5
  const auto sink = std::make_shared<GatedSink>();
  const auto store = std::make_shared<ManualStore>();
  const auto log = std::make_shared<spdlog::logger>("test", sink);
  Options options;
  options.app_name = "job";
  options.cache_connection =
      std::make_shared<Connection>(make_engine(store, {.command_timeout = 1000ms, .log = log}));
  options.lock_ttl = 60s;
  options.lock_refresh = 20ms;
  options.log = log;
  ExclusiveLock lock(options);
  std::thread acquiring([&] { EXPECT_TRUE(lock.acquire()); });
  store->next_attempt().done(AttemptReply{.outcome = AttemptReplyStatus::granted,
                                          .fence = Fence{5},
                                          .remaining_ttl = 60s,
                                          .store_time = {}});
  acquiring.join();
  sink->await_blocked();
  for (int i = 0; i < 5; ++i) {
    store->next_refresh().done(
        StoreFailure{.code = errc::outcome_unknown, .message = "no answer", .may_have_run = true});
  }
  store->next_refresh().done(
      RefreshReply{.verdicts = {RefreshReplyStatus::refreshed}, .store_time = {}});
  EXPECT_TRUE(lock.held());
  sink->open();
  std::thread releasing([&] { lock.release(); });
  store->next_release().done(ReleaseReply{ReleaseReplyStatus::released});
  releasing.join();
}

}  // namespace
}  // namespace exclusive_lock
