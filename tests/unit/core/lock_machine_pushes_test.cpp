// How a lock machine handles pushes: a wake-up begins no hold, even if it is forged
// (decisions/0008).

#include "lock_machine_waiting_fixture.hpp"

namespace exclusive_lock {
namespace {

class LockMachinePushes : public LockMachineWaitingFixture {
 protected:
  // For this ticket, the ones before and after it, and another object.
  std::vector<WakeUp> strays(Ticket ticket) {
    WakeUp other = wake_up(ticket);
    other.owner.id = {9};
    return {other, wake_up(ticket - 1), wake_up(ticket + 1)};
  }
};

TEST_F(LockMachinePushes, WakeUpSendsAHeartbeatAtOnceAndBeginsNoHold) {  // G1
  const Ticket ticket = queue_up(at(0ms));
  const auto sent = only<SendHeartbeat>(machine.wake_up_pushed(wake_up(ticket), at(300ms)));
  EXPECT_EQ(sent.request.owner.ticket, ticket);
  EXPECT_EQ(sent.request.ttl, ttl);
  EXPECT_EQ(sent.requested_at, at(300ms));
  EXPECT_FALSE(machine.hold());
  EXPECT_EQ(machine.attempting(), ticket) << "it waits on";
}

TEST_F(LockMachinePushes, HoldAfterAWakeUpIsAWholeOneFromTheHeartbeatsSending) {  // G1
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.wake_up_pushed(wake_up(ticket), at(300ms)));
  const auto actions = machine.heartbeat_replied(
      ticket, at(300ms), heartbeat_reply(HeartbeatReplyStatus::granted), at(340ms));
  EXPECT_TRUE(concluded_as<Acquired>(actions));
  EXPECT_EQ(the<NotifyAcquired>(actions).fence, Fence{20});
  EXPECT_EQ(machine.hold()->safe_until, at(300ms) + safe_part);
  EXPECT_EQ(machine.next_wake(), at(1300ms)) << "the refresh";
}

TEST_F(LockMachinePushes, WakeUpThatIsNotTrueChangesNothing) {  // G1
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.wake_up_pushed(wake_up(ticket), at(20ms)));
  EXPECT_TRUE(machine
                  .heartbeat_replied(ticket, at(20ms),
                                     heartbeat_reply(HeartbeatReplyStatus::waiting), at(30ms))
                  .empty());
  EXPECT_FALSE(machine.hold());
  EXPECT_EQ(machine.next_wake(), at(520ms)) << "a heartbeat after the last one";
}

// The heartbeat in flight may have been answered before the lock was handed over.
TEST_F(LockMachinePushes, WakeUpDuringAHeartbeatSendsAnotherOne) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(ticket), at(505ms)).empty()) << "one at a time";
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(ticket), at(506ms)).empty());
  const auto again = only<SendHeartbeat>(machine.heartbeat_replied(
      ticket, at(500ms), heartbeat_reply(HeartbeatReplyStatus::waiting), at(510ms)));
  EXPECT_EQ(again.requested_at, at(510ms));
  EXPECT_TRUE(machine
                  .heartbeat_replied(ticket, at(510ms),
                                     heartbeat_reply(HeartbeatReplyStatus::waiting), at(520ms))
                  .empty())
      << "one for all of them";
}

TEST_F(LockMachinePushes, HeartbeatThatFindsTheGrantBeforeItsWakeUpIsEnough) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(ticket), at(505ms)).empty());
  const auto actions = machine.heartbeat_replied(
      ticket, at(500ms), heartbeat_reply(HeartbeatReplyStatus::granted), at(510ms));
  EXPECT_TRUE(concluded_as<Acquired>(actions));
  EXPECT_FALSE(has<SendHeartbeat>(actions));
}

TEST_F(LockMachinePushes, WakeUpThatOvertakesTheReplySendsAHeartbeatWithIt) {
  const Ticket ticket = ask_and_wait(at(0ms)).request.owner.ticket;
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(ticket), at(5ms)).empty());
  const auto actions = machine.attempt_replied(ticket, queued(), at(10ms));
  EXPECT_EQ(the<SendHeartbeat>(actions).requested_at, at(10ms));
  EXPECT_FALSE(machine.hold());
}

TEST_F(LockMachinePushes, WakeUpDuringAnAttemptThatIsGrantedOrBusyChangesNothing) {
  const Ticket first = ask_and_wait(at(0ms)).request.owner.ticket;
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(first), at(5ms)).empty());
  EXPECT_TRUE(concluded_as<Busy>(machine.attempt_replied(first, busy(), at(10ms))));
  const Ticket second = ask_and_wait(at(20ms)).request.owner.ticket;
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(second), at(25ms)).empty());
  EXPECT_TRUE(concluded_as<Acquired>(machine.attempt_replied(second, granted(), at(30ms))));
  EXPECT_EQ(machine.hold()->safe_until, at(20ms) + safe_part);
}

TEST_F(LockMachinePushes, WakeUpForAnotherTicketOrObjectIsIgnored) {
  const Ticket ticket = ask_and_wait(at(0ms)).request.owner.ticket;
  for (const WakeUp& stray : strays(ticket))
    EXPECT_TRUE(machine.wake_up_pushed(stray, at(5ms)).empty());
  only<NotifyWaiting>(machine.attempt_replied(ticket, queued(), at(10ms)));
  for (const WakeUp& stray : strays(ticket))
    EXPECT_TRUE(machine.wake_up_pushed(stray, at(20ms)).empty());
}

TEST_F(LockMachinePushes, WakeUpIsNothingToAnIdleOneOrAHolder) {
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(1), at(0ms)).empty());
  EXPECT_FALSE(machine.next_wake());
  const Ticket ticket = queue_up(at(0ms));
  take_over(ticket, at(20ms));
  const Instant safe_until = machine.hold()->safe_until;
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(ticket), at(1400ms)).empty());
  EXPECT_EQ(machine.hold()->safe_until, safe_until);
}

TEST_F(LockMachinePushes, HoldThatIsOverWhenAWakeUpComesIsLost) {  // G5
  const Ticket ticket = queue_up(at(0ms));
  take_over(ticket, at(20ms));
  EXPECT_TRUE(has<NotifyLost>(machine.wake_up_pushed(wake_up(ticket), at(20ms) + safe_part)));
}

TEST_F(LockMachinePushes, ResumedPushesSendAHeartbeatAtOnce) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.pushes_resumed(at(50ms)));
  // The heartbeat in flight may have been answered before the push was lost.
  EXPECT_TRUE(machine.pushes_resumed(at(60ms)).empty());
  only<SendHeartbeat>(machine.heartbeat_replied(
      ticket, at(50ms), heartbeat_reply(HeartbeatReplyStatus::waiting), at(70ms)));
}

TEST_F(LockMachinePushes, ResumedPushesAreNothingToOthers) {
  EXPECT_TRUE(machine.pushes_resumed(at(0ms)).empty());
  static_cast<void>(acquire(at(0ms)));
  EXPECT_TRUE(machine.pushes_resumed(at(50ms)).empty());
}

// The entry may have been made for a waiter without pushes.
TEST_F(LockMachinePushes, PushesThatResumeDuringTheAttemptSendAHeartbeatAtOnce) {
  const Ticket ticket = ask_and_wait(at(0ms)).request.owner.ticket;
  EXPECT_TRUE(machine.pushes_resumed(at(5ms)).empty());
  const auto actions = machine.attempt_replied(ticket, queued(), at(10ms));
  EXPECT_EQ(the<SendHeartbeat>(actions).requested_at, at(10ms));
}

}  // namespace
}  // namespace exclusive_lock
