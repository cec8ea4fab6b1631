// A request that must not wait long goes before those of other processes (write_claim.hpp), so that
// a holder does not lose its lock while others write again and again (G1).

#include "stores/local/write_claim.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "live/comes_true.hpp"
#include "live/local_requester.hpp"
#include "live/temporary_directory.hpp"
#include "stores/local/directory.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

Machine machine_ahead_by(std::chrono::nanoseconds time) {
  static const SystemClockSource clock;
  Machine machine = this_machine(clock);
  machine.clock_ahead -= time;
  return machine;
}

// What another store does. Its claims are of later than now, so that they do not grow old.
class LocalClaim : public testing::Test {
 protected:
  void attempt_finds_it_busy() {
    const auto answer = requester_.attempt_now({.key = "other"}, 30ms);
    ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
    EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_busy);
    EXPECT_FALSE(std::get<StoreFailure>(answer).may_have_run);
  }

  TemporaryDirectory directory_;
  LocalRequester requester_{directory_.path()};
  StoreDirectory opened_{StorePlace{.path = directory_.path(), .private_to = std::nullopt}};
  HoldersFile holders_{opened_};
  Machine later_ = machine_ahead_by(1h);
  WriteClaim claim_{holders_, later_};
  LocalWish held_{.key = "held"};
};

TEST_F(LocalClaim, KeepsOtherWritesOutUntilItEnds) {
  claim_.make();
  attempt_finds_it_busy();
  claim_.end();
  EXPECT_EQ(requester_.attempt({.key = "other"}).outcome, AttemptReplyStatus::granted);
}

TEST_F(LocalClaim, IsNotInTheWayOfLooksAndOfRefreshes) {
  ASSERT_EQ(requester_.attempt(held_).outcome, AttemptReplyStatus::granted);
  claim_.make();
  EXPECT_TRUE(requester_.inspect(held_.key));
  EXPECT_EQ(requester_.attempt({.key = held_.key}).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(requester_.refresh(held_), RefreshReplyStatus::refreshed);
  attempt_finds_it_busy();
}

TEST_F(LocalClaim, OfAProcessThatWasStoppedIsIgnoredAfterASecond) {
  const Machine then = machine_ahead_by(-2s);
  WriteClaim old(holders_, then);
  old.make();
  const HoldersFile of_another(opened_);
  const Machine now = machine_ahead_by(0s);
  EXPECT_TRUE(WriteClaim(of_another, then).is_made_by_another());
  EXPECT_FALSE(WriteClaim(of_another, now).is_made_by_another());
}

TEST_F(LocalClaim, IsMadeByARefreshThatFindsTheStoreBusyAndEndsWithIt) {
  ASSERT_EQ(requester_.attempt(held_).outcome, AttemptReplyStatus::granted);
  const Machine now = machine_ahead_by(0s);
  const WriteClaim watch(holders_, now);
  Database writer(folder_of(directory_.path()) / "locks.db");
  writer.execute("BEGIN IMMEDIATE");
  auto refreshed = std::make_shared<std::promise<Answer<RefreshReply>>>();
  requester_.store().refresh(
      {{.key = held_.key, .owner = held_.owner, .ttl = 600s}}, BootClock::now() + 600s,
      [refreshed](Answer<RefreshReply> given) { refreshed->set_value(std::move(given)); });
  EXPECT_TRUE(comes_true([&] { return watch.is_made_by_another(); }));
  writer.execute("COMMIT");
  EXPECT_EQ(LocalRequester::value_of(refreshed->get_future().get()).verdicts.at(0),
            RefreshReplyStatus::refreshed);
  EXPECT_FALSE(watch.is_made_by_another());
}

// The writer keeps the store for longer than a claim counts that is not made anew.
TEST_F(LocalClaim, IsMadeByAnyRequestThatWaitsForLongAndAnewWhileItWaits) {
  const Machine now = machine_ahead_by(0s);
  const WriteClaim watch(holders_, now);
  Database writer(folder_of(directory_.path()) / "locks.db");
  writer.execute("BEGIN IMMEDIATE");
  auto answered = std::async(std::launch::async, [&] { return requester_.attempt(held_).outcome; });
  EXPECT_TRUE(comes_true([&] { return watch.is_made_by_another(); }));
  const Instant met_at = BootClock::now();
  EXPECT_TRUE(comes_true([&] { return BootClock::now() > met_at + 2 * max_claim_age; }));
  EXPECT_TRUE(comes_true([&] { return watch.is_made_by_another(); }));
  writer.execute("COMMIT");
  EXPECT_EQ(answered.get(), AttemptReplyStatus::granted);
}

long sleeps_of_this_thread() {
  struct rusage usage {};
  ::getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

// So that it is not within one when its time slice ends.
TEST_F(LocalClaim, StoreThatMetOneSleepsBeforeEachTransaction) {
  claim_.make();
  attempt_finds_it_busy();
  claim_.end();
  constexpr int pairs = 20;
  const long before = sleeps_of_this_thread();
  for (int i = 0; i < pairs; ++i) {
    requester_.attempt(held_);
    requester_.release(held_);
    ++held_.owner.ticket;
  }
  EXPECT_GE(sleeps_of_this_thread() - before, 2 * pairs);
}

}  // namespace
}  // namespace exclusive_lock::live
