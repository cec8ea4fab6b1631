// How a lock machine loses its hold: G5 (docs/guarantees.md).

#include "core/lock_machine.hpp"

#include "lock_machine_fixture.hpp"

namespace exclusive_lock {
namespace {

class LockMachineLoss : public LockMachineFixture {};

TEST_F(LockMachineLoss, IsReportedAtOnceWhenTheReplyShowsIt) {  // G5
  const Ticket ticket = acquire(at(0ms));
  (void)machine.woken(at(1000ms));
  const auto actions =
      machine.refresh_replied(ticket, at(1000ms), RefreshReplyStatus::lost, at(1001ms));
  const auto lost = only<NotifyLost>(actions);
  EXPECT_EQ(lost.reason, LossReason::record_gone);
  EXPECT_EQ(lost.fence, Fence{7});
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachineLoss, IsReportedWhenTheSafePartEndsUnconfirmed) {  // G5
  const Ticket ticket = acquire(at(0ms));
  (void)machine.woken(at(1000ms));
  EXPECT_TRUE(machine.woken(at(safe_part) - 1ns).empty());
  const auto actions = machine.woken(at(safe_part));
  EXPECT_EQ(the<NotifyLost>(actions).reason, LossReason::not_confirmed);
  // The refresh may have been carried out without a reply. Its record would keep others out for one
  // more ttl.
  EXPECT_EQ(the<SendRelease>(actions).request.owner.ticket, ticket);
}

TEST_F(LockMachineLoss, IsFinalWhateverIsAnsweredLater) {  // G5
  const Ticket ticket = acquire(at(0ms));
  (void)machine.woken(at(2900ms));
  const auto actions =
      machine.refresh_replied(ticket, at(2900ms), RefreshReplyStatus::refreshed, at(safe_part));
  EXPECT_TRUE(has<NotifyLost>(actions));
  EXPECT_FALSE(has<NotifyRefreshed>(actions));
  EXPECT_FALSE(machine.hold());
  EXPECT_TRUE(machine.attempt_replied(ticket, busy(), at(safe_part + 1ms)).empty());
}

TEST_F(LockMachineLoss, IsFinalOnceACallerHasSeenIt) {
  acquire(at(0ms));
  EXPECT_EQ(the<NotifyLost>(machine.belief_ended(at(1ms))).reason, LossReason::not_confirmed);
  EXPECT_FALSE(machine.hold());
  EXPECT_TRUE(machine.belief_ended(at(2ms)).empty());
}

TEST_F(LockMachineLoss, AnswersARefreshThatWasCalledFor) {
  acquire(at(0ms));
  (void)machine.refresh_requested(at(2500ms));
  EXPECT_EQ(the<ConcludeRefresh>(machine.woken(at(safe_part))).outcome, RefreshOutcome::lost);
}

TEST_F(LockMachineLoss, ClockOfTheStoreSetForwardShortensTheHoldAndRefreshesAtOnce) {
  acquire(at(0ms));
  EXPECT_TRUE(machine.store_clock_stepped(1000ms, at(500ms)).empty());
  EXPECT_EQ(machine.hold()->safe_until, at(safe_part - 1000ms));
  EXPECT_EQ(machine.next_wake(), at(500ms));
  EXPECT_EQ(only<SendRefresh>(machine.woken(at(500ms))).requested_at, at(500ms));
}

TEST_F(LockMachineLoss, ClockOfTheStoreSetForwardBeyondTheHoldEndsIt) {
  acquire(at(0ms));
  const auto actions = machine.store_clock_stepped(1h, at(500ms));
  EXPECT_EQ(the<NotifyLost>(actions).reason, LossReason::store_clock_stepped);
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachineLoss, ClockOfTheStoreSetBackChangesNothing) {
  acquire(at(0ms));
  EXPECT_TRUE(machine.store_clock_stepped(-1h, at(500ms)).empty());
  EXPECT_EQ(machine.hold()->safe_until, at(safe_part));
  EXPECT_TRUE(LockMachine(settings(), {}).store_clock_stepped(1h, at(0ms)).empty());
}

constexpr Drift tenth{.ppm = 100'000};

TEST_F(LockMachineLoss, ClockOfTheStoreThatGainsShortensTheHoldAndRefreshesAtOnce) {  // G1
  const Ticket ticket = acquire(at(0ms));
  EXPECT_TRUE(machine.store_clock_drifts(tenth, at(500ms)).empty());
  const Milliseconds left = ttl - ttl / 10 - safety_margin;
  EXPECT_EQ(machine.hold()->safe_until, at(left));
  EXPECT_EQ(machine.next_wake(), at(500ms));
  EXPECT_TRUE(has<SendRefresh>(machine.woken(at(500ms))));
  (void)machine.refresh_replied(ticket, at(500ms), RefreshReplyStatus::refreshed, at(501ms));
  EXPECT_EQ(machine.hold()->safe_until, at(500ms + left));
}

TEST_F(LockMachineLoss, ClockOfTheStoreThatKeepsPaceAgainCountsFromTheNextRefreshOn) {
  (void)machine.store_clock_drifts(tenth, at(0ms));
  const Ticket ticket = acquire(at(0ms));
  const Milliseconds left = ttl - ttl / 10 - safety_margin;
  EXPECT_EQ(machine.hold()->safe_until, at(left));
  EXPECT_TRUE(machine.store_clock_drifts(usual_drift, at(500ms)).empty());
  EXPECT_EQ(machine.hold()->safe_until, at(left)) << "it was counted so";
  (void)machine.woken(at(1000ms));
  (void)machine.refresh_replied(ticket, at(1000ms), RefreshReplyStatus::refreshed, at(1001ms));
  EXPECT_EQ(machine.hold()->safe_until, at(1000ms + safe_part));
}

TEST_F(LockMachineLoss, ClockOfTheStoreThatGainsMoreThanIsLeftEndsTheHold) {
  acquire(at(0ms));
  const auto actions = machine.store_clock_drifts(tenth, at(safe_part - 10ms));
  EXPECT_EQ(the<NotifyLost>(actions).reason, LossReason::store_clock_stepped);
  EXPECT_TRUE(has<SendRelease>(actions));
}

}  // namespace
}  // namespace exclusive_lock
