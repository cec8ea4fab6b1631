// How a lock machine keeps the name closed for a minimum hold, and records that its work was done
// (docs/decisions/0020-once-per-period.md).

#include "core/lock_machine.hpp"

#include "lock_machine_fixture.hpp"

namespace exclusive_lock {
namespace {

class LockMachineClosing : public LockMachineFixture {
 protected:
  static constexpr Milliseconds min_hold = 60'000ms;

  void confirm_minimum(Ticket ticket, Instant now) {
    const auto sent = only<SendRefresh>(machine.hold_at_least_requested(min_hold, now));
    EXPECT_EQ(sent.request.ttl, min_hold);
    EXPECT_TRUE(sent.request.detached) << "it outlives the process";
    const auto actions = machine.refresh_replied(ticket, now, RefreshReplyStatus::refreshed, now);
    EXPECT_EQ(the<ConcludeRefresh>(actions).outcome, RefreshOutcome::refreshed);
  }
};

TEST_F(LockMachineClosing, WithoutAMinimumNothingStaysClosed) {
  acquire(at(0ms));
  const auto sent = only<SendRefresh>(machine.refresh_requested(at(1ms)));
  EXPECT_EQ(sent.request.ttl, ttl);
  EXPECT_FALSE(sent.request.detached);
  const auto release = the<SendRelease>(machine.release_requested(request, at(2ms)));
  EXPECT_FALSE(release.request.closed_for);
  EXPECT_FALSE(release.request.done_for);
}

TEST_F(LockMachineClosing, EachRefreshSetsWhatRemainsOfTheMinimum) {
  const Ticket ticket = acquire(at(0ms));
  confirm_minimum(ticket, at(0ms));
  const auto next = only<SendRefresh>(machine.woken(at(1000ms)));
  EXPECT_EQ(next.request.ttl, min_hold - 1000ms);
  EXPECT_TRUE(next.request.detached);
}

TEST_F(LockMachineClosing, WhenTheMinimumIsOverTheTtlIsTheUsualOne) {
  const Ticket ticket = acquire(at(0ms));
  (void)machine.hold_at_least_requested(1500ms, at(0ms));
  (void)machine.refresh_replied(ticket, at(0ms), RefreshReplyStatus::refreshed, at(1ms));
  const auto first = only<SendRefresh>(machine.woken(at(1000ms)));
  EXPECT_EQ(first.request.ttl, ttl) << "longer than what remains";
  EXPECT_TRUE(first.request.detached);
  (void)machine.refresh_replied(ticket, at(1000ms), RefreshReplyStatus::refreshed, at(1001ms));
  const auto second = only<SendRefresh>(machine.woken(at(2000ms)));
  EXPECT_EQ(second.request.ttl, ttl);
  EXPECT_FALSE(second.request.detached);
  EXPECT_FALSE(
      only<SendRelease>(machine.release_requested(request, at(2001ms))).request.closed_for);
}

TEST_F(LockMachineClosing, BeliefCountsFromTheTtlAndNotFromTheMinimum) {  // G1
  const Ticket ticket = acquire(at(0ms));
  confirm_minimum(ticket, at(0ms));
  EXPECT_EQ(machine.hold()->safe_until, at(safe_part));
}

TEST_F(LockMachineClosing, ReleaseWithinTheMinimumLeavesTheNameClosedForTheRest) {
  const Ticket ticket = acquire(at(0ms));
  confirm_minimum(ticket, at(0ms));
  const auto release = only<SendRelease>(machine.release_requested(request, at(700ms), 9000ms));
  EXPECT_EQ(release.request.closed_for, min_hold - 700ms);
  EXPECT_EQ(release.request.done_for, 9000ms);
  EXPECT_GE(release.pointless_after, at(min_hold))
      << "it is repeated while the record may be there";
  EXPECT_FALSE(machine.hold());
}

// The release may not have arrived yet, and a newer ticket would take the record over.
TEST_F(LockMachineClosing, ObjectThatClosedTheNameIsBusyItselfUntilThen) {
  const Ticket ticket = acquire(at(0ms));
  confirm_minimum(ticket, at(0ms));
  (void)machine.release_requested(request, at(700ms));
  const auto answer = only<AnswerAcquire>(
      machine.acquire_requested(request, AcquireMode::as_object, Wait{}, at(1000ms)));
  EXPECT_EQ(std::get<Busy>(answer.answer).remaining_ttl, min_hold - 1000ms);
  EXPECT_NE(ask(at(min_hold)), ticket);
}

TEST_F(LockMachineClosing, LossWithinTheMinimumLeavesTheNameClosedForTheRest) {
  const Ticket ticket = acquire(at(0ms));
  confirm_minimum(ticket, at(0ms));
  (void)machine.woken(at(1000ms));
  const auto back = the<SendRelease>(machine.woken(at(safe_part)));
  EXPECT_EQ(back.request.closed_for, min_hold - safe_part);
  EXPECT_FALSE(back.request.done_for) << "nothing was done";
}

TEST_F(LockMachineClosing, MinimumThatIsNotConfirmedClosesNothing) {
  const Ticket ticket = acquire(at(0ms));
  (void)machine.hold_at_least_requested(min_hold, at(0ms));
  const auto failed = machine.refresh_replied(ticket, at(0ms), unanswered(), at(1000ms));
  EXPECT_EQ(the<ConcludeRefresh>(failed).outcome, RefreshOutcome::unknown);
  EXPECT_FALSE(
      only<SendRelease>(machine.release_requested(request, at(1001ms))).request.closed_for);
}

TEST_F(LockMachineClosing, MinimumThatIsNotConfirmedYetClosesNothing) {
  acquire(at(0ms));
  (void)machine.hold_at_least_requested(min_hold, at(0ms));
  const auto release = the<SendRelease>(machine.release_requested(request, at(1ms)));
  EXPECT_FALSE(release.request.closed_for);
}

TEST_F(LockMachineClosing, LongerOneThatIsNotConfirmedLeavesTheOneBefore) {
  const Ticket ticket = acquire(at(0ms));
  confirm_minimum(ticket, at(0ms));
  (void)machine.hold_at_least_requested(2 * min_hold, at(0ms));
  (void)machine.refresh_replied(ticket, at(0ms), unanswered(), at(1000ms));
  EXPECT_EQ(only<SendRelease>(machine.release_requested(request, at(1000ms))).request.closed_for,
            min_hold - 1000ms);
}

TEST_F(LockMachineClosing, HoldThatIsOverIsLostAndNotClosed) {
  acquire(at(0ms));
  const auto actions = machine.hold_at_least_requested(min_hold, at(safe_part));
  EXPECT_TRUE(has<NotifyLost>(actions));
  EXPECT_FALSE(the<SendRelease>(actions).request.closed_for);
  EXPECT_EQ(the<ConcludeRefresh>(actions).outcome, RefreshOutcome::not_held);
}

TEST_F(LockMachineClosing, RefreshThatIsOnItsWayConfirmsNoMinimum) {
  const Ticket ticket = acquire(at(0ms));
  (void)machine.refresh_requested(at(100ms));
  EXPECT_TRUE(machine.hold_at_least_requested(min_hold, at(101ms)).empty());
  const auto again =
      machine.refresh_replied(ticket, at(100ms), RefreshReplyStatus::refreshed, at(110ms));
  EXPECT_FALSE(has<ConcludeRefresh>(again));
  EXPECT_GE(the<SendRefresh>(again).request.ttl, min_hold - 10ms);
  const auto confirmed =
      machine.refresh_replied(ticket, at(110ms), RefreshReplyStatus::refreshed, at(120ms));
  EXPECT_EQ(the<ConcludeRefresh>(confirmed).outcome, RefreshOutcome::refreshed);
}

TEST_F(LockMachineClosing, WithoutAHoldThereIsNoMinimum) {
  EXPECT_EQ(the<ConcludeRefresh>(machine.hold_at_least_requested(min_hold, at(0ms))).outcome,
            RefreshOutcome::not_held);
  const Ticket ticket = acquire(at(1ms));
  confirm_minimum(ticket, at(1ms));
  (void)machine.release_requested(request, at(2ms));
  acquire(at(min_hold + 1ms));
  EXPECT_FALSE(
      only<SendRelease>(machine.release_requested(request, at(min_hold + 2ms))).request.closed_for)
      << "that of the hold before";
}

// A newer ticket could overtake the release, as after SCRIPT FLUSH, and take over the record that
// the mark is made from.
TEST_F(LockMachineClosing, DoesNotAskBeforeAReleaseThatLeavesAMarkIsAnswered) {  // G12
  const Ticket ticket = acquire(at(0ms));
  (void)machine.release_requested(request, at(1ms), 1h);
  EXPECT_TRUE(machine.is_recording());
  for (const AcquireMode mode : {AcquireMode::as_object, AcquireMode::as_mutex}) {
    const auto busy =
        only<AnswerAcquire>(machine.acquire_requested(request, mode, std::nullopt, at(2ms)));
    EXPECT_TRUE(std::holds_alternative<BusyHere>(busy.answer));
  }
  machine.release_answered(ticket + 1);
  EXPECT_TRUE(machine.is_recording()) << "that was another release";
  machine.release_answered(ticket);
  EXPECT_FALSE(machine.is_recording());
  acquire(at(3ms));
}

TEST_F(LockMachineClosing, AsksBesideAPlainRelease) {
  acquire(at(0ms));
  (void)machine.release_requested(request, at(1ms));
  EXPECT_FALSE(machine.is_recording());
  acquire(at(2ms));
}

TEST_F(LockMachineClosing, HoldThatIsOverIsNotDone) {  // G12
  acquire(at(0ms));
  const auto actions = machine.release_requested(request, at(safe_part), 9000ms);
  EXPECT_TRUE(has<ConcludeReleaseNotHeld>(actions));
  EXPECT_FALSE(the<SendRelease>(actions).request.done_for);
}

}  // namespace
}  // namespace exclusive_lock
