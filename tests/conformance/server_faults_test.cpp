// What happens to a hold when its server is killed, restarted or frozen.

#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <future>
#include <thread>

#include "conformance/api/async_worker.hpp"
#include "conformance/server_under_test.hpp"
#include "live/server.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

class ServerFaults : public testing::TestWithParam<live::ServerKind> {
 protected:
  live::Server server{{.kind = GetParam(), .persistent = true}};
  std::unique_ptr<StoreUnderTest> store = running_server(server.url());
  Diary diary;

  // Gives up on an answer soon; holds for long.
  std::shared_ptr<Connection> impatient() {
    ConnectOptions options;
    options.command_timeout = 300ms;
    return connect(server.url(), options);
  }
};

// G5: failure before safe_until() is waited out.
TEST_P(ServerFaults, HoldSurvivesARestartThatKeepsTheData) {
  ExclusiveLock lock(with_ttl(options_for(*store, impatient()), 10min, 20ms));
  ExclusiveLock other(options_for(*store, impatient()));
  lock.on_refreshed([&](const RefreshedEvent&) { diary.note("refreshed"); });
  lock.on_error([&](const ErrorEvent&) { diary.note("error"); });
  lock.on_lost([&](const LostEvent&) { diary.note("lost"); });
  ASSERT_TRUE(lock.acquire());
  const auto fence = lock.fence();
  server.kill();
  EXPECT_TRUE(diary.has("error"));
  EXPECT_TRUE(lock.held());
  server.restart(live::ServerData::kept);
  const auto lines = diary.lines();
  const auto refreshed_before = std::count(lines.begin(), lines.end(), "refreshed");
  EXPECT_TRUE(diary.has("refreshed", refreshed_before + 1));
  EXPECT_TRUE(lock.held());
  EXPECT_EQ(lock.fence(), fence);
  EXPECT_FALSE(other.acquire_for(500ms));
  EXPECT_EQ(lock.release(), ReleaseOutcome::released);
  EXPECT_TRUE(other.acquire_for(very_long));
}

TEST_P(ServerFaults, KilledAndEmptyItIsALoss) {
  ExclusiveLock lock(with_ttl(options_for(*store, impatient()), 10min, 20ms));
  lock.on_lost([&](const LostEvent&) { diary.note("lost"); });
  ASSERT_TRUE(lock.acquire());
  const auto fence = lock.fence();
  server.kill();
  server.restart(live::ServerData::lost);
  EXPECT_TRUE(diary.has("lost"));
  EXPECT_FALSE(lock.held());
  EXPECT_TRUE(lock.acquire_for(very_long));
  EXPECT_GT(lock.fence(), fence);
}

TEST_P(ServerFaults, FrozenItEndsTheHoldAtSafeUntilAndGrantsNothing) {
  ExclusiveLock lock(with_ttl(options_for(*store, impatient()), 1500ms, 50ms));
  ExclusiveLock other(with_ttl(options_for(*store, impatient()), 1500ms, 50ms));
  lock.on_lost([&](const LostEvent& event) {
    diary.note(event.reason == LossReason::not_confirmed ? "not confirmed" : "another reason");
  });
  ASSERT_TRUE(lock.acquire());
  server.pause();
  std::error_code error;
  EXPECT_FALSE(other.acquire(error));
  EXPECT_EQ(error, errc::outcome_unknown);
  EXPECT_TRUE(diary.has("not confirmed"));
  EXPECT_FALSE(lock.held());
  EXPECT_EQ(lock.release(), ReleaseOutcome::not_held);
  EXPECT_FALSE(other.held());
  server.resume();
  EXPECT_TRUE(other.acquire_for(very_long)) << "neither is in the way of it";
  EXPECT_FALSE(lock.acquire());
}

// What was sent before the freeze and done after it is given back: it is in nobody's way for ever.
TEST_P(ServerFaults, UnansweredAttemptLeavesNothingBehind) {
  ExclusiveLock lock(options_for(*store, impatient()));
  ExclusiveLock other(options_for(*store, impatient()));
  server.pause();
  std::error_code error;
  EXPECT_FALSE(lock.acquire(error));
  EXPECT_EQ(error, errc::outcome_unknown);
  server.resume();
  EXPECT_TRUE(other.acquire_for(very_long / 2)) << "long before the ttl";
  EXPECT_FALSE(lock.held());
}

// Who cancels does not wait for an answer, or for the 20 s after which none is expected any more.
TEST_P(ServerFaults, FrozenItHoldsUpNobodyWhoCancels) {
  ExclusiveLock lock(options_for(*store));
  ASSERT_TRUE(lock.acquire());
  server.pause();
  const auto ends_at_once = [](const auto& start) {
    asio::io_context io;
    asio::cancellation_signal signal;
    boost::system::error_code error;
    start(asio::bind_cancellation_slot(
        signal.slot(), asio::bind_executor(io, [&](boost::system::error_code told, const auto&) {
          error = told;
        })));
    EXPECT_EQ(io.run_for(20ms), 0U) << "it does not answer";
    const Instant cancelled_at = BootClock::now();
    signal.emit(asio::cancellation_type::total);
    EXPECT_TRUE(run_to_the_end(io));
    EXPECT_LT(BootClock::now() - cancelled_at, 1s);
    EXPECT_EQ(error, boost::system::error_code(asio::error::operation_aborted));
  };
  ends_at_once([&](auto handler) { async_refresh(lock, std::move(handler)); });
  ends_at_once([&](auto handler) { async_inspect(lock, std::move(handler)); });
  server.resume();
  EXPECT_EQ(lock.refresh(), RefreshOutcome::refreshed);
}

// A deadline bounds the wait for an answer too: the command timeout is 20 s here.
TEST_P(ServerFaults, FrozenItEndsAWaitAtItsDeadline) {
  ExclusiveLock lock(options_for(*store));
  ASSERT_TRUE(lock.acquire());
  ASSERT_EQ(lock.release(), ReleaseOutcome::released);
  server.pause();
  const auto ends_in_time = [&](const auto& acquire) {
    const Instant before = BootClock::now();
    std::error_code error;
    try {
      EXPECT_FALSE(acquire());
    } catch (const StoreError& unanswered) {
      error = unanswered.code();
    } catch (const boost::system::system_error& unanswered) {
      error = unanswered.code();
    }
    EXPECT_TRUE(error == errc::outcome_unknown || error == errc::store_unavailable) << error;
    EXPECT_GE(BootClock::now() - before, 50ms);
    EXPECT_LT(BootClock::now() - before, 10s);
  };
  ends_in_time([&] { return lock.acquire_for(50ms); });
  ends_in_time([&] { return lock.acquire_until(std::chrono::system_clock::now() + 51ms); });
  ends_in_time([&] { return lock.try_lock_for(50ms); });
  ends_in_time([&] { return async_acquire_for(lock, 50ms, asio::use_future).get(); });
  server.resume();
  EXPECT_TRUE(lock.acquire_for(very_long)) << "what was not answered is in nobody's way";
}

TEST_P(ServerFaults, UnansweredReleaseIsMadeUpFor) {
  ExclusiveLock lock(options_for(*store, impatient()));
  ExclusiveLock other(options_for(*store, impatient()));
  ASSERT_TRUE(lock.acquire());
  server.pause();
  EXPECT_EQ(lock.release(), ReleaseOutcome::unknown);
  EXPECT_FALSE(lock.held());
  server.resume();
  EXPECT_TRUE(other.acquire_for(very_long / 2)) << "long before the ttl";
}

INSTANTIATE_TEST_SUITE_P(Servers, ServerFaults, testing::ValuesIn(live::servers_to_test()),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace exclusive_lock::conformance
