// Acquire, refresh and release in every state of the lock machine. Guarantees are cited as in
// docs/guarantees.md.

#include "core/lock_machine.hpp"

#include "lock_machine_fixture.hpp"

namespace exclusive_lock {
namespace {

class LockMachineAcquire : public LockMachineFixture {};
class LockMachineRefresh : public LockMachineFixture {};
class LockMachineRelease : public LockMachineFixture {};

// --- acquire -----------------------------------------------------------------------------------

TEST_F(LockMachineAcquire, SendsOneAttemptThatIsNotToBeGrantedAfterItsTimeout) {
  const auto sent = only<SendAttempt>(
      machine.acquire_requested(request, AcquireMode::as_object, std::nullopt, at(0ms)));
  EXPECT_EQ(sent.requested_at, at(0ms));
  EXPECT_EQ(sent.request.owner.ticket, 1U);
  EXPECT_EQ(sent.request.ttl, ttl);
  EXPECT_EQ(sent.request.not_after, at(command_timeout));
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachineAcquire, CountsTheHoldFromTheSendingNotFromTheReply) {  // G1
  const Ticket ticket = ask(at(0ms));
  const auto actions = machine.attempt_replied(ticket, granted(), at(900ms));
  EXPECT_TRUE(concluded_as<Acquired>(actions));
  EXPECT_EQ(machine.hold()->safe_until, at(safe_part));
  EXPECT_EQ(machine.hold()->fence, Fence{7});
}

TEST_F(LockMachineAcquire, GrantThatComesWhenItIsOverIsGivenBackAndNotReportedAsHeld) {
  const Ticket ticket = ask(at(0ms));
  const auto actions = machine.attempt_replied(ticket, granted(), at(safe_part));
  EXPECT_FALSE(machine.hold());
  EXPECT_TRUE(concluded_as<StoreFailure>(actions));
  EXPECT_EQ(the<SendRelease>(actions).request.owner.ticket, ticket);
}

TEST_F(LockMachineAcquire, GrantIsHeldUpToTheLastInstantOfItsSafePart) {
  const Ticket ticket = ask(at(0ms));
  EXPECT_TRUE(
      concluded_as<Acquired>(machine.attempt_replied(ticket, granted(), at(safe_part) - 1ns)));
  EXPECT_TRUE(machine.hold());
}

TEST_F(LockMachineAcquire, BusyIsAnAnswerThatLeavesNothingBehind) {
  const auto actions = machine.attempt_replied(ask(at(0ms)), busy(), at(1ms));
  EXPECT_EQ(std::get<Busy>(only<ConcludeAcquire>(actions).answer).remaining_ttl, 400ms);
  EXPECT_FALSE(machine.hold());
  EXPECT_FALSE(machine.attempting());
}

TEST_F(LockMachineAcquire, EveryAttemptHasItsOwnTicket) {  // G4
  const Ticket first = ask(at(0ms));
  (void)machine.attempt_replied(first, busy(), at(1ms));
  const Ticket second = ask(at(2ms));
  (void)machine.attempt_replied(second, unanswered(), at(3ms));
  EXPECT_EQ(second, first + 1);
  EXPECT_EQ(ask(at(4ms)), second + 1);
}

TEST_F(LockMachineAcquire, AsksForAFenceAboveEveryFenceItHasSeen) {  // G2
  (void)machine.attempt_replied(ask(at(0ms)), busy(41), at(1ms));
  const auto sent = only<SendAttempt>(
      machine.acquire_requested(request, AcquireMode::as_object, std::nullopt, at(2ms)));
  EXPECT_EQ(sent.request.floor, Fence{41});
}

TEST_F(LockMachineAcquire, UnansweredAttemptIsGivenBack) {  // G4
  const Ticket ticket = ask(at(0ms));
  const auto actions = machine.attempt_replied(ticket, unanswered(), at(command_timeout));
  EXPECT_TRUE(concluded_as<StoreFailure>(actions));
  const auto back = the<SendRelease>(actions);
  EXPECT_EQ(back.request.owner.ticket, ticket);
  EXPECT_FALSE(back.requested_by);
  // It may be carried out until not_after, at most one command timeout after it was given up. Its
  // record then lives for one ttl, on a clock that may be 1 % slower.
  EXPECT_EQ(back.pointless_after, at(command_timeout + command_timeout + ttl + ttl / 100 + 2ms));
}

TEST_F(LockMachineAcquire, AttemptThatWasNotSentHasNothingToGiveBack) {
  const auto actions = machine.attempt_replied(ask(at(0ms)), not_sent(), at(1ms));
  EXPECT_TRUE(concluded_as<StoreFailure>(actions));
  EXPECT_FALSE(has<SendRelease>(actions));
}

TEST_F(LockMachineAcquire, AttemptThatArrivedTooLateIsAFailureThatDidNotRun) {
  AttemptReply reply = busy();
  reply.outcome = AttemptReplyStatus::too_late;
  const auto actions = machine.attempt_replied(ask(at(0ms)), reply, at(1ms));
  EXPECT_FALSE(std::get<StoreFailure>(only<ConcludeAcquire>(actions).answer).may_have_run);
}

TEST_F(LockMachineAcquire, AbandonedAttemptIsGivenBackAtOnceAndItsLateGrantOnceMore) {  // G4
  const Ticket ticket = ask(at(0ms));
  const auto abandoned = machine.attempt_abandoned(ticket, at(5ms));
  EXPECT_TRUE(concluded_as<Busy>(abandoned));
  EXPECT_EQ(the<SendRelease>(abandoned).request.owner.ticket, ticket);

  const auto late = machine.attempt_replied(ticket, granted(), at(6ms));
  EXPECT_EQ(only<SendRelease>(late).request.owner.ticket, ticket);
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachineAcquire, AbandonedAttemptThatFailsLaterIsNotGivenBackTwice) {
  const Ticket ticket = ask(at(0ms));
  EXPECT_TRUE(has<SendRelease>(machine.attempt_abandoned(ticket, at(5ms))));
  EXPECT_TRUE(machine.attempt_replied(ticket, unanswered(), at(1s)).empty());
}

TEST_F(LockMachineAcquire, LateAnswerToAnAbandonedAttemptDoesNotDisturbTheNextOne) {
  const Ticket old = ask(at(0ms));
  (void)machine.attempt_abandoned(old, at(5ms));
  const Ticket next = ask(at(6ms));
  EXPECT_FALSE(has<ConcludeAcquire>(machine.attempt_replied(old, busy(), at(7ms))));
  EXPECT_EQ(machine.attempting(), next);
  EXPECT_TRUE(machine.attempt_abandoned(old, at(8ms)).empty());
  EXPECT_EQ(machine.attempting(), next);
}

TEST_F(LockMachineAcquire, AsObjectSaysYesWhenHeldAlready) {
  acquire(at(0ms));
  EXPECT_TRUE(answered_as<AlreadyHeld>(
      machine.acquire_requested(request, AcquireMode::as_object, std::nullopt, at(1ms))));
}

TEST_F(LockMachineAcquire, AsMutexIsBusyWhenHeldOrAttemptedAlready) {
  (void)ask(at(0ms));
  EXPECT_TRUE(answered_as<BusyHere>(
      machine.acquire_requested(request, AcquireMode::as_mutex, std::nullopt, at(1ms))));
  (void)machine.attempt_replied(1, granted(), at(2ms));
  EXPECT_TRUE(answered_as<BusyHere>(
      machine.acquire_requested(request, AcquireMode::as_mutex, std::nullopt, at(3ms))));
}

TEST_F(LockMachineAcquire, SecondCallerJoinsTheAttemptThatIsOnItsWay) {
  (void)ask(at(0ms));
  EXPECT_TRUE(
      machine.acquire_requested(request, AcquireMode::as_object, std::nullopt, at(1ms)).empty());
}

TEST_F(LockMachineAcquire, AcquireAfterTheHoldIsOverIsANewAttempt) {
  const Ticket ticket = acquire(at(0ms));
  const auto actions =
      machine.acquire_requested(request, AcquireMode::as_object, std::nullopt, at(safe_part));
  EXPECT_EQ(the<NotifyLost>(actions).reason, LossReason::not_confirmed);
  EXPECT_EQ(the<SendAttempt>(actions).request.owner.ticket, ticket + 1);
}

// --- refresh -----------------------------------------------------------------------------------

TEST_F(LockMachineRefresh, IsDueOneIntervalAfterTheRequestThatGotTheLock) {
  acquire(at(0ms));
  EXPECT_EQ(machine.next_wake(), at(refresh_interval));
  EXPECT_TRUE(machine.woken(at(refresh_interval) - 1ns).empty());
  const auto sent = only<SendRefresh>(machine.woken(at(refresh_interval)));
  EXPECT_EQ(sent.requested_at, at(refresh_interval));
  EXPECT_EQ(sent.request.ttl, ttl);
}

TEST_F(LockMachineRefresh, RaisesTheHoldFromItsOwnSending) {  // G1
  const Ticket ticket = acquire(at(0ms));
  (void)machine.woken(at(1000ms));
  const auto actions =
      machine.refresh_replied(ticket, at(1000ms), RefreshReplyStatus::refreshed, at(1800ms));
  EXPECT_TRUE(has<NotifyRefreshed>(actions));
  EXPECT_EQ(machine.hold()->safe_until, at(1000ms + safe_part));
  EXPECT_EQ(machine.next_wake(), at(2000ms));
}

TEST_F(LockMachineRefresh, AnOlderAnswerDoesNotLowerTheHold) {
  const Ticket ticket = acquire(at(0ms));
  (void)machine.refresh_replied(ticket, at(1000ms), RefreshReplyStatus::refreshed, at(1100ms));
  (void)machine.refresh_replied(ticket, at(500ms), RefreshReplyStatus::refreshed, at(1200ms));
  EXPECT_EQ(machine.hold()->safe_until, at(1000ms + safe_part));
}

TEST_F(LockMachineRefresh, IsNotSentTwiceAtATime) {
  acquire(at(0ms));
  (void)machine.woken(at(1000ms));
  EXPECT_TRUE(machine.woken(at(1500ms)).empty());
  EXPECT_TRUE(machine.woken(at(2000ms)).empty());  // when the next one would be due
  EXPECT_EQ(machine.next_wake(), at(safe_part));
}

TEST_F(LockMachineRefresh, GoesOnWhenALateAnswerComesAtLast) {
  const Ticket ticket = acquire(at(0ms));
  (void)machine.woken(at(1000ms));
  (void)machine.woken(at(2000ms));
  (void)machine.refresh_replied(ticket, at(1000ms), RefreshReplyStatus::refreshed, at(2100ms));
  EXPECT_EQ(machine.next_wake(), at(2000ms));
  EXPECT_TRUE(has<SendRefresh>(machine.woken(at(2100ms))));
}

TEST_F(LockMachineRefresh, CanBePlannedEarlierOnce) {
  const Ticket ticket = acquire(at(0ms));
  EXPECT_EQ(machine.refresh_to_plan(), at(1000ms));
  machine.plan_refresh(at(900ms));
  EXPECT_FALSE(machine.refresh_to_plan());
  EXPECT_EQ(machine.next_wake(), at(900ms));
  EXPECT_TRUE(machine.woken(at(899ms)).empty());
  EXPECT_TRUE(has<SendRefresh>(machine.woken(at(901ms))));
  EXPECT_EQ(machine.refresh_to_plan(), at(1901ms));  // before the reply has come
  machine.plan_refresh(at(1800ms));
  (void)machine.refresh_replied(ticket, at(901ms), RefreshReplyStatus::refreshed, at(950ms));
  EXPECT_FALSE(machine.refresh_to_plan());  // the reply does not change that
  EXPECT_EQ(machine.next_wake(), at(1800ms));
}

TEST_F(LockMachineRefresh, IsNotPlannedAfterAFailureWithoutAHoldOrByHand) {
  EXPECT_FALSE(machine.refresh_to_plan());
  machine.plan_refresh(at(0ms));
  const Ticket ticket = acquire(at(0ms));
  (void)machine.woken(at(1000ms));
  (void)machine.refresh_replied(ticket, at(1000ms), not_sent(), at(1001ms));
  EXPECT_FALSE(machine.refresh_to_plan());
  (void)machine.store_clock_stepped(100ms, at(1002ms));
  EXPECT_FALSE(machine.refresh_to_plan());
  LockSettings by_hand = settings();
  by_hand.auto_refresh = false;
  machine = LockMachine(by_hand, {});
  acquire(at(2000ms));
  EXPECT_FALSE(machine.refresh_to_plan());
}

TEST_F(LockMachineRefresh, FailureIsReportedAndRetriedAndIsNoLoss) {  // G5
  const Ticket ticket = acquire(at(0ms));
  (void)machine.woken(at(1000ms));
  const auto actions = machine.refresh_replied(ticket, at(1000ms), unanswered(), at(1900ms));
  EXPECT_EQ(only<NotifyRefreshFailed>(actions).left, safe_part - 1900ms);
  EXPECT_TRUE(machine.hold());
  EXPECT_LT(*machine.next_wake(), at(safe_part));
  EXPECT_TRUE(has<SendRefresh>(machine.woken(*machine.next_wake())));
}

TEST_F(LockMachineRefresh, RetriesThinOutUpToOneInterval) {
  const Ticket ticket = acquire(at(0ms));
  auto pause_after_failure = [&](Milliseconds now) {
    (void)machine.refresh_requested(at(now));
    (void)machine.refresh_replied(ticket, at(now), not_sent(), at(now));
    return *machine.next_wake() - at(now);
  };
  EXPECT_EQ(pause_after_failure(0ms), 125ms);
  EXPECT_EQ(pause_after_failure(1ms), 250ms);
  EXPECT_EQ(pause_after_failure(2ms), 500ms);
  EXPECT_EQ(pause_after_failure(3ms), 1000ms);
  EXPECT_EQ(pause_after_failure(4ms), 1000ms);
}

TEST_F(LockMachineRefresh, WithoutAutoRefreshOnlyTheEndWakes) {
  LockSettings by_hand = settings();
  by_hand.auto_refresh = false;
  machine = LockMachine(by_hand, {});
  acquire(at(0ms));
  EXPECT_EQ(machine.next_wake(), at(safe_part));
  EXPECT_TRUE(machine.woken(at(2000ms)).empty());
}

TEST_F(LockMachineRefresh, ByHandIsAnsweredByWhatTheStoreSays) {
  const Ticket ticket = acquire(at(0ms));
  const auto expect_conclusion = [&](const Answer<RefreshReplyStatus>& answer,
                                     RefreshOutcome conclusion) {
    EXPECT_TRUE(has<SendRefresh>(machine.refresh_requested(at(10ms))));
    EXPECT_EQ(
        the<ConcludeRefresh>(machine.refresh_replied(ticket, at(10ms), answer, at(11ms))).outcome,
        conclusion);
  };
  expect_conclusion(RefreshReplyStatus::refreshed, RefreshOutcome::refreshed);
  expect_conclusion(unanswered(), RefreshOutcome::unknown);
  expect_conclusion(RefreshReplyStatus::lost, RefreshOutcome::lost);
}

TEST_F(LockMachineRefresh, ByHandJoinsTheOneThatIsOnItsWay) {
  const Ticket ticket = acquire(at(0ms));
  ASSERT_TRUE(has<SendRefresh>(machine.woken(at(1000ms))));
  EXPECT_TRUE(machine.refresh_requested(at(1001ms)).empty());
  const auto actions =
      machine.refresh_replied(ticket, at(1000ms), RefreshReplyStatus::refreshed, at(1010ms));
  EXPECT_EQ(the<ConcludeRefresh>(actions).outcome, RefreshOutcome::refreshed);
}

TEST_F(LockMachineRefresh, ByHandIsANoOpForWhoDoesNotHold) {
  EXPECT_EQ(only<ConcludeRefresh>(machine.refresh_requested(at(0ms))).outcome,
            RefreshOutcome::not_held);
  (void)ask(at(1ms));
  EXPECT_EQ(only<ConcludeRefresh>(machine.refresh_requested(at(2ms))).outcome,
            RefreshOutcome::not_held);
}

TEST_F(LockMachineRefresh, ByHandIsANoOpAtTheInstantTheHoldEnds) {
  acquire(at(0ms));
  const auto actions = machine.refresh_requested(at(safe_part));
  EXPECT_TRUE(has<NotifyLost>(actions));
  EXPECT_FALSE(has<SendRefresh>(actions));
  EXPECT_EQ(the<ConcludeRefresh>(actions).outcome, RefreshOutcome::not_held);
}

// --- release -----------------------------------------------------------------------------------

TEST_F(LockMachineRelease, EndsTheHoldBeforeTheStoreIsAsked) {
  const Ticket ticket = acquire(at(0ms));
  const auto sent = only<SendRelease>(machine.release_requested(request, at(10ms)));
  EXPECT_EQ(sent.request.owner.ticket, ticket);
  EXPECT_EQ(sent.requested_by, request);
  EXPECT_FALSE(machine.hold());
  EXPECT_FALSE(machine.next_wake());
}

TEST_F(LockMachineRelease, IsANoOpForWhoDoesNotHold) {
  EXPECT_TRUE(has<ConcludeReleaseNotHeld>(machine.release_requested(request, at(0ms))));
  acquire(at(1ms));
  (void)machine.release_requested(request, at(2ms));
  EXPECT_TRUE(has<ConcludeReleaseNotHeld>(machine.release_requested(request, at(3ms))));
  (void)ask(at(4ms));
  EXPECT_TRUE(has<ConcludeReleaseNotHeld>(machine.release_requested(request, at(5ms))));
  EXPECT_TRUE(machine.attempting());
}

TEST_F(LockMachineRelease, AnswersARefreshThatWasCalledForAndIgnoresItsReply) {
  const Ticket ticket = acquire(at(0ms));
  (void)machine.refresh_requested(at(1ms));
  const auto actions = machine.release_requested(request, at(2ms));
  EXPECT_EQ(the<ConcludeRefresh>(actions).outcome, RefreshOutcome::not_held);
  EXPECT_TRUE(
      machine.refresh_replied(ticket, at(1ms), RefreshReplyStatus::refreshed, at(3ms)).empty());
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachineRelease, RefreshOfAnEarlierHoldDoesNotRaiseTheNextOne) {
  const Ticket first = acquire(at(0ms));
  (void)machine.woken(at(1000ms));
  (void)machine.release_requested(request, at(1001ms));
  acquire(at(1002ms), 8);
  EXPECT_TRUE(
      machine.refresh_replied(first, at(1000ms), RefreshReplyStatus::lost, at(1003ms)).empty());
  EXPECT_EQ(machine.hold()->safe_until, at(1002ms + safe_part));
}

TEST_F(LockMachineRelease, DetachingAnswersARefreshThatWasCalledFor) {
  acquire(at(0ms));
  (void)machine.refresh_requested(at(1ms));
  EXPECT_EQ(only<ConcludeRefresh>(machine.detached(at(2ms))).outcome, RefreshOutcome::not_held);
}

TEST_F(LockMachineRelease, DetachedLeavesTheRecordToItsTtl) {
  acquire(at(0ms));
  EXPECT_TRUE(machine.detached(at(1ms)).empty());
  EXPECT_FALSE(machine.hold());
  EXPECT_TRUE(machine.detached(at(2ms)).empty());
}

}  // namespace
}  // namespace exclusive_lock
