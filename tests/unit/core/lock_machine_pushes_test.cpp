// What a waiting lock machine makes of pushes: grants, nudges, and that they come again.

#include "lock_machine_waiting_fixture.hpp"

namespace exclusive_lock {
namespace {

class LockMachinePushes : public LockMachineWaitingFixture {};

TEST_F(LockMachinePushes, PushStartsAHoldThatCountsFromTheLastWaiting) {
  const Ticket ticket = queue_up(at(0ms));
  const auto actions = machine.grant_pushed(push(ticket), at(300ms));
  EXPECT_TRUE(concluded_as<Acquired>(actions));
  EXPECT_EQ(the<TellAcquired>(actions).fence, Fence{20});
  EXPECT_EQ(machine.hold()->safe_until, at(safe_part_of_confirm)) << "not from the receipt";
}

TEST_F(LockMachinePushes, HoldOfAPushIsRefreshedWhenHalfOfItIsOver) {
  const Ticket ticket = queue_up(at(0ms));
  EXPECT_FALSE(has<SendRefresh>(machine.grant_pushed(push(ticket), at(300ms))));
  EXPECT_EQ(machine.next_wake(), at(750ms));
  const auto refresh = only<SendRefresh>(machine.woken(at(750ms)));
  EXPECT_EQ(refresh.request.ttl, ttl);
  const auto actions =
      machine.refresh_replied(ticket, refresh.requested_at, RefreshVerdict::refreshed, at(760ms));
  EXPECT_TRUE(has<TellRefreshed>(actions));
  EXPECT_EQ(machine.hold()->safe_until, at(750ms) + safe_part);
}

TEST_F(LockMachinePushes, HoldOfAPushIsRefreshedAtOnceWithoutAutoRefresh) {
  LockSettings by_hand = settings();
  by_hand.auto_refresh = false;
  machine = LockMachine(by_hand, {1, 2, 3});
  const Ticket ticket = queue_up(at(0ms));
  EXPECT_TRUE(has<SendRefresh>(machine.grant_pushed(push(ticket), at(300ms))));
}

TEST_F(LockMachinePushes, LatePushIsConfirmedFirst) {
  const Ticket ticket = queue_up(at(0ms));
  // 375 ms, a fourth of confirm_ttl, are to be left.
  const auto sent = only<SendBeat>(machine.grant_pushed(push(ticket), at(1109ms)));
  EXPECT_FALSE(machine.hold());
  const auto actions =
      machine.beat_replied(ticket, sent.requested_at, beat(BeatOutcome::granted), at(1120ms));
  EXPECT_TRUE(concluded_as<Acquired>(actions));
  EXPECT_EQ(machine.hold()->safe_until, at(1109ms) + safe_part);
}

TEST_F(LockMachinePushes, PushJustInTimeStarts) {
  const Ticket ticket = queue_up(at(0ms));
  EXPECT_TRUE(concluded_as<Acquired>(machine.grant_pushed(push(ticket), at(1108ms))));
}

TEST_F(LockMachinePushes, PushForAnotherTicketOrObjectIsIgnored) {
  const Ticket ticket = queue_up(at(0ms));
  EXPECT_TRUE(machine.grant_pushed(push(ticket - 1), at(20ms)).empty());
  EXPECT_TRUE(machine.grant_pushed(push(ticket + 1), at(20ms)).empty());
  Grant other = push(ticket);
  other.owner.id = {9};
  EXPECT_TRUE(machine.grant_pushed(other, at(20ms)).empty());
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachinePushes, PushOlderThanTheLastWaitingIsIgnored) {
  const Ticket ticket = queue_up(at(0ms));
  EXPECT_TRUE(machine.grant_pushed(push(ticket, server - 1us), at(20ms)).empty());
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachinePushes, PushCountsWhereTheStoreTellsNoTime) {
  const Ticket ticket = ask_patiently(at(0ms)).request.owner.ticket;
  AttemptReply reply = queued();
  reply.store_time = std::nullopt;
  static_cast<void>(machine.attempt_replied(ticket, reply, at(10ms)));
  EXPECT_TRUE(concluded_as<Acquired>(machine.grant_pushed(push(ticket), at(20ms))));

  machine = LockMachine(settings(), {1, 2, 3});
  Grant grant = push(queue_up(at(0ms)));
  grant.granted_at = std::nullopt;
  EXPECT_TRUE(concluded_as<Acquired>(machine.grant_pushed(grant, at(20ms))));
}

TEST_F(LockMachinePushes, PushThatOvertakesTheReplyStartsWithIt) {
  const Ticket ticket = ask_patiently(at(0ms)).request.owner.ticket;
  EXPECT_TRUE(machine.grant_pushed(push(ticket), at(5ms)).empty());
  const auto actions = machine.attempt_replied(ticket, queued(), at(10ms));
  EXPECT_TRUE(concluded_as<Acquired>(actions));
  EXPECT_EQ(machine.hold()->safe_until, at(safe_part_of_confirm));
}

TEST_F(LockMachinePushes, NudgeMakesItBeatAndStartsNothing) {
  const Ticket ticket = queue_up(at(0ms));
  const auto sent = only<SendBeat>(machine.grant_pushed(nudge(ticket), at(20ms)));
  EXPECT_EQ(sent.request.owner.ticket, ticket);
  EXPECT_EQ(sent.requested_at, at(20ms));
  EXPECT_FALSE(machine.hold());
}

// What is in flight may have been answered before the lock was free.
TEST_F(LockMachinePushes, NudgeDuringABeatMakesItBeatAgain) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendBeat>(machine.woken(at(500ms)));
  EXPECT_TRUE(machine.grant_pushed(nudge(ticket), at(505ms)).empty());
  only<SendBeat>(machine.beat_replied(ticket, at(500ms), beat(BeatOutcome::waiting), at(510ms)));
}

TEST_F(LockMachinePushes, NudgeThatOvertakesTheReplyMakesItBeatAtOnce) {
  const Ticket ticket = ask_patiently(at(0ms)).request.owner.ticket;
  EXPECT_TRUE(machine.grant_pushed(nudge(ticket), at(5ms)).empty());
  const auto actions = machine.attempt_replied(ticket, queued(), at(10ms));
  EXPECT_EQ(the<SendBeat>(actions).requested_at, at(10ms));
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachinePushes, NudgeForAnotherTicketOrObjectIsIgnored) {
  EXPECT_TRUE(machine.grant_pushed(nudge(1), at(0ms)).empty()) << "idle";
  const Ticket ticket = queue_up(at(0ms));
  EXPECT_TRUE(machine.grant_pushed(nudge(ticket - 1), at(20ms)).empty());
  EXPECT_TRUE(machine.grant_pushed(nudge(ticket + 1), at(20ms)).empty());
  Grant other = nudge(ticket);
  other.owner.id = {9};
  EXPECT_TRUE(machine.grant_pushed(other, at(20ms)).empty());
  static_cast<void>(machine.grant_pushed(push(ticket), at(30ms)));
  ASSERT_TRUE(machine.hold());
  EXPECT_TRUE(machine.grant_pushed(nudge(ticket), at(40ms)).empty()) << "held";
  EXPECT_TRUE(machine.hold());
}

TEST_F(LockMachinePushes, SecondPushChangesNothing) {
  const Ticket ticket = queue_up(at(0ms));
  ASSERT_TRUE(has<TellAcquired>(machine.grant_pushed(push(ticket), at(20ms))));
  EXPECT_TRUE(machine.grant_pushed(push(ticket), at(1400ms)).empty());
  EXPECT_EQ(machine.hold()->safe_until, at(safe_part_of_confirm));
}

TEST_F(LockMachinePushes, PushesAreConfirmedOnceTheStoresClockHasStepped) {
  for (const auto step : {5s, -5s}) {
    machine = LockMachine(settings(), {1, 2, 3});
    const Ticket ticket = queue_up(at(0ms));
    EXPECT_TRUE(machine.store_clock_stepped(step, at(15ms)).empty());
    only<SendBeat>(machine.pushes_resumed(at(16ms)));
    // An answer does not help: the clock of another server may be behind for ever.
    static_cast<void>(machine.beat_replied(ticket, at(16ms), beat(BeatOutcome::waiting), at(18ms)));
    EXPECT_TRUE(has<SendBeat>(machine.grant_pushed(push(ticket), at(20ms))));
    EXPECT_FALSE(machine.hold());
  }
}

TEST_F(LockMachinePushes, AnsweredBeatMovesWhatAPushCountsFrom) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendBeat>(machine.woken(at(500ms)));
  static_cast<void>(machine.beat_replied(ticket, at(500ms), beat(BeatOutcome::waiting), at(510ms)));
  static_cast<void>(machine.grant_pushed(push(ticket), at(600ms)));
  EXPECT_EQ(machine.hold()->safe_until, at(500ms) + safe_part_of_confirm);
}

TEST_F(LockMachinePushes, UnansweredBeatDoesNot) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendBeat>(machine.woken(at(500ms)));
  static_cast<void>(machine.grant_pushed(push(ticket), at(600ms)));
  EXPECT_EQ(machine.hold()->safe_until, at(safe_part_of_confirm));
}

TEST_F(LockMachinePushes, ResumedPushesMakeItBeatAtOnce) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendBeat>(machine.pushes_resumed(at(50ms)));
  // What is in flight may have been answered before the push was lost.
  EXPECT_TRUE(machine.pushes_resumed(at(60ms)).empty());
  only<SendBeat>(machine.beat_replied(ticket, at(50ms), beat(BeatOutcome::waiting), at(70ms)));
}

TEST_F(LockMachinePushes, ResumedPushesAreNothingToOthers) {
  EXPECT_TRUE(machine.pushes_resumed(at(0ms)).empty());
  static_cast<void>(acquire(at(0ms)));
  EXPECT_TRUE(machine.pushes_resumed(at(50ms)).empty());
}

// Its entry may have been made for one that is not to be told.
TEST_F(LockMachinePushes, PushesThatResumeDuringTheAttemptMakeItBeatAtOnce) {
  const Ticket ticket = ask_patiently(at(0ms)).request.owner.ticket;
  EXPECT_TRUE(machine.pushes_resumed(at(5ms)).empty());
  const auto actions = machine.attempt_replied(ticket, queued(), at(10ms));
  EXPECT_EQ(the<SendBeat>(actions).requested_at, at(10ms));
}

TEST_F(LockMachinePushes, PushThatOvertakesTheReplyNeedsNoBeatThen) {
  const Ticket ticket = ask_patiently(at(0ms)).request.owner.ticket;
  EXPECT_TRUE(machine.pushes_resumed(at(5ms)).empty());
  EXPECT_TRUE(machine.grant_pushed(push(ticket), at(6ms)).empty());
  const auto actions = machine.attempt_replied(ticket, queued(), at(10ms));
  EXPECT_TRUE(concluded_as<Acquired>(actions));
  EXPECT_FALSE(has<SendBeat>(actions));
}

}  // namespace
}  // namespace exclusive_lock
