// How a lock machine waits in the queue; lock_machine_pushes_test.cpp has the pushes.

#include "core/heartbeat.hpp"
#include "lock_machine_waiting_fixture.hpp"

namespace exclusive_lock {
namespace {

class LockMachineWaiting : public LockMachineWaitingFixture {};

TEST_F(LockMachineWaiting, AttemptCarriesWaitOptions) {
  const auto sent = ask_and_wait(at(0ms));
  ASSERT_TRUE(sent.request.wait_options);
  EXPECT_EQ(sent.request.wait_options->alive_for, 1500ms);
  EXPECT_EQ(sent.request.wait_options->confirm_ttl, 1500ms);
  EXPECT_FALSE(sent.request.wait_options->arrived_at);
}

TEST_F(LockMachineWaiting, EntryIsNotAliveBeyondTheDeadline) {
  EXPECT_EQ(ask_and_wait(at(0ms), at(200ms)).request.wait_options->alive_for, 200ms);
}

TEST_F(LockMachineWaiting, BargingStreakIsInEveryRequestThatNeedsIt) {
  LockSettings barging = settings();
  barging.barging_limit = 7;
  machine = LockMachine(barging, {1, 2, 3});
  const auto sent = ask_and_wait(at(0ms));
  EXPECT_EQ(sent.request.barging_limit, 7U);
  static_cast<void>(machine.attempt_replied(sent.request.owner.ticket, granted(), at(10ms)));
  EXPECT_EQ(the<SendRelease>(machine.release_requested(request, at(20ms))).request.barging_limit,
            7U);
  const Ticket ticket = queue_up(at(30ms));
  EXPECT_EQ(the<SendRelease>(machine.attempt_abandoned(ticket, at(50ms))).request.barging_limit, 7U)
      << "a grant may have crossed it";
}

TEST_F(LockMachineWaiting, SendsOneHeartbeatPerInterval) {
  const Ticket ticket = queue_up(at(0ms));
  EXPECT_EQ(machine.next_wake(), at(500ms));
  EXPECT_TRUE(machine.woken(at(499ms)).empty()) << "too early";
  const auto sent = only<SendHeartbeat>(machine.woken(at(500ms)));
  EXPECT_EQ(sent.request.owner.ticket, ticket);
  EXPECT_EQ(sent.request.ttl, ttl);
  EXPECT_EQ(sent.request.alive_for, 1500ms);
  EXPECT_FALSE(machine.next_wake()) << "the answer wakes it";
  EXPECT_TRUE(machine.woken(at(600ms)).empty()) << "one at a time";
  EXPECT_TRUE(machine
                  .heartbeat_replied(ticket, at(500ms),
                                     heartbeat_reply(HeartbeatReplyStatus::waiting), at(610ms))
                  .empty());
  EXPECT_EQ(machine.next_wake(), at(1000ms));
}

TEST_F(LockMachineWaiting, HeartbeatCutOffByTheDeadlineIsNoFailure) {
  const auto end_with_a_heartbeat_at = [this](Instant heartbeat_at) {
    machine = LockMachine(settings(), {1, 2, 3});
    const Ticket ticket = queue_up(at(0ms), at(2500ms));
    for (Instant now = at(500ms); now < heartbeat_at; now += 500ms) {
      static_cast<void>(machine.woken(now));
      static_cast<void>(machine.heartbeat_replied(
          ticket, now, heartbeat_reply(HeartbeatReplyStatus::waiting), now));
    }
    only<SendHeartbeat>(machine.wake_up_pushed(wake_up(ticket), heartbeat_at));
    static_cast<void>(machine.heartbeat_replied(ticket, heartbeat_at, unanswered(), at(2500ms)));
    return the<ConcludeAcquire>(machine.woken(at(2500ms))).answer;
  };
  EXPECT_TRUE(std::holds_alternative<Busy>(end_with_a_heartbeat_at(at(2100ms))));
  EXPECT_TRUE(std::holds_alternative<StoreFailure>(end_with_a_heartbeat_at(at(2000ms))))
      << "no answer for a whole heartbeat";
}

TEST_F(LockMachineWaiting, FirstInLineSendsAHeartbeatWhenTheRecordMustBeOver) {
  const Ticket ticket = ask_and_wait(at(0ms)).request.owner.ticket;
  AttemptReply reply = queued(1);
  reply.remaining_ttl = 200ms;
  static_cast<void>(machine.attempt_replied(ticket, reply, at(10ms)));
  EXPECT_EQ(machine.next_wake(), at(211ms));
}

TEST_F(LockMachineWaiting, FirstInLineBehindARecordWithoutAnEndSendsHeartbeatsAsUsual) {
  const Ticket ticket = ask_and_wait(at(0ms)).request.owner.ticket;
  AttemptReply reply = queued(1);
  reply.remaining_ttl = std::nullopt;
  static_cast<void>(machine.attempt_replied(ticket, reply, at(10ms)));
  EXPECT_EQ(machine.next_wake(), at(500ms));
}

TEST_F(LockMachineWaiting, WithoutPushesItLooksMoreOften) {
  machine.set_max_heartbeat_pause(200ms);
  static_cast<void>(queue_up(at(0ms)));
  EXPECT_EQ(machine.next_wake(), at(200ms));
}

// The heartbeat that is sent at `now`, and answered 10 ms later with this place.
SendHeartbeat heartbeat_at(LockMachine& machine, Instant now, std::size_t place) {
  auto actions = machine.woken(now);
  EXPECT_EQ(actions.size(), 1U);
  const auto sent = std::get<SendHeartbeat>(actions.at(0));
  static_cast<void>(machine.heartbeat_replied(
      sent.request.owner.ticket, now,
      {HeartbeatReply{
          .outcome = HeartbeatReplyStatus::waiting, .position = place, .remaining_ttl = 2000ms}},
      now + 10ms));
  return sent;
}

TEST_F(LockMachineWaiting, SparseOnePausesForAsManyIntervalsAsItsPlace) {
  machine.set_max_heartbeat_pause(Milliseconds::max());
  static_cast<void>(
      machine.attempt_replied(ask_and_wait(at(0ms)).request.owner.ticket, queued(5), at(10ms)));
  EXPECT_EQ(machine.next_wake(), at(500ms)) << "the attempt's entry is alive for three intervals";
  EXPECT_EQ(heartbeat_at(machine, at(500ms), 5).request.alive_for, 3500ms);
  EXPECT_EQ(machine.next_wake(), at(3000ms));
  EXPECT_EQ(heartbeat_at(machine, at(3000ms), 1).request.alive_for, 3500ms);
  EXPECT_EQ(machine.next_wake(), at(3500ms)) << "it is the first now";
  EXPECT_EQ(heartbeat_at(machine, at(3500ms), 1).request.alive_for, 1500ms);
}

TEST_F(LockMachineWaiting, SparseOneNeverPausesForLongerThanItsEntryIsAlive) {
  machine.set_max_heartbeat_pause(Milliseconds::max());
  static_cast<void>(
      machine.attempt_replied(ask_and_wait(at(0ms)).request.owner.ticket, queued(2), at(10ms)));
  EXPECT_EQ(heartbeat_at(machine, at(500ms), 6).request.alive_for, 2000ms);
  EXPECT_EQ(machine.next_wake(), at(1500ms)) << "others came back to their places before it";
  EXPECT_EQ(heartbeat_at(machine, at(1500ms), 1000).request.alive_for, 4000ms);
  EXPECT_EQ(heartbeat_at(machine, at(4500ms), 1000).request.alive_for, 5000ms)
      << "eight intervals at most";
  EXPECT_EQ(machine.next_wake(), at(8500ms));
}

TEST_F(LockMachineWaiting, SparseOneIsWokenAsAnyOther) {
  machine.set_max_heartbeat_pause(Milliseconds::max());
  const Ticket ticket = queue_up(at(0ms));
  static_cast<void>(heartbeat_at(machine, at(500ms), 8));
  take_over(ticket, at(600ms));
  EXPECT_EQ(machine.hold()->safe_until, at(600ms) + safe_part);
}

TEST_F(LockMachineWaiting, SparseOneThatGetsCompanyShortensTheLifeOfItsEntryAtOnce) {
  machine.set_max_heartbeat_pause(Milliseconds::max());
  static_cast<void>(queue_up(at(0ms)));
  static_cast<void>(heartbeat_at(machine, at(500ms), 8));
  static_cast<void>(heartbeat_at(machine, *machine.next_wake(), 8));
  const Instant now = *machine.next_wake() - 1s;
  EXPECT_TRUE(machine.max_heartbeat_pause_cut(now).empty()) << "not yet cut";
  machine.set_max_heartbeat_pause(heartbeat_interval(ttl));
  EXPECT_EQ(only<SendHeartbeat>(machine.max_heartbeat_pause_cut(now)).request.alive_for, 1500ms);
  EXPECT_TRUE(machine.max_heartbeat_pause_cut(now).empty()) << "once";
}

TEST_F(LockMachineWaiting, CutPauseChangesNothingForOneThatIsNotSparse) {
  static_cast<void>(queue_up(at(0ms)));
  machine.set_max_heartbeat_pause(200ms);
  EXPECT_TRUE(machine.max_heartbeat_pause_cut(at(100ms)).empty());
}

TEST_F(LockMachineWaiting, ChangedPositionIsReported) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  const auto event = only<NotifyWaiting>(machine.heartbeat_replied(
      ticket, at(500ms), heartbeat_reply(HeartbeatReplyStatus::waiting, 1), at(510ms)));
  EXPECT_EQ(event.position, 1U);
}

TEST_F(LockMachineWaiting, FailedHeartbeatIsRepeatedUnderTheSameTicket) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  EXPECT_TRUE(machine.heartbeat_replied(ticket, at(500ms), unanswered(), at(1500ms)).empty());
  const Instant again = *machine.next_wake();
  EXPECT_GT(again, at(1500ms));
  EXPECT_LE(again, at(2000ms));
  EXPECT_EQ(only<SendHeartbeat>(machine.woken(again)).request.owner.ticket, ticket);
}

TEST_F(LockMachineWaiting, FailoverIsWaitedOut) {
  const Ticket ticket = queue_up(at(0ms), at(5s));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  const StoreFailure demoted{
      .code = errc::store_failed_over, .message = "READONLY", .may_have_run = false};
  EXPECT_TRUE(machine.heartbeat_replied(ticket, at(500ms), demoted, at(510ms)).empty());
  EXPECT_EQ(machine.attempting(), ticket);
  only<SendHeartbeat>(machine.woken(*machine.next_wake()));
  static_cast<void>(machine.heartbeat_replied(ticket, at(600ms), demoted, at(610ms)));
  const auto answer = the<ConcludeAcquire>(machine.woken(at(5s))).answer;
  EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_failed_over) << "where it lasts";
}

TEST_F(LockMachineWaiting, FailureThatDoesNotPassEndsIt) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  const StoreFailure refused{
      .code = errc::permission_denied, .message = "no", .may_have_run = false};
  const auto actions = machine.heartbeat_replied(ticket, at(500ms), refused, at(510ms));
  EXPECT_TRUE(concluded_as<StoreFailure>(actions));
  EXPECT_EQ(the<SendRelease>(actions).request.owner.ticket, ticket);
  EXPECT_FALSE(machine.attempting());
}

TEST_F(LockMachineWaiting, LostEntryIsMadeAgainAtItsOldPlaceUnderANewTicket) {
  const Ticket ticket = queue_up(at(0ms), at(20s));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  const auto sent = only<SendAttempt>(machine.heartbeat_replied(
      ticket, at(500ms), heartbeat_reply(HeartbeatReplyStatus::gone), at(510ms)));
  EXPECT_GT(sent.request.owner.ticket, ticket);
  EXPECT_EQ(sent.request.wait_options->arrived_at, StoreTime{77});
  // The deadline stays the same.
  static_cast<void>(machine.attempt_replied(sent.request.owner.ticket, queued(), at(520ms)));
  EXPECT_TRUE(concluded_as<Busy>(machine.woken(at(20s))));
}

TEST_F(LockMachineWaiting, LostEntryIsNotMadeAgainWhenTheTimeIsOver) {
  const Ticket ticket = queue_up(at(0ms), at(505ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  const auto actions = machine.heartbeat_replied(
      ticket, at(500ms), heartbeat_reply(HeartbeatReplyStatus::gone), at(510ms));
  EXPECT_TRUE(concluded_as<Busy>(actions));
  EXPECT_FALSE(machine.attempting());
}

TEST_F(LockMachineWaiting, AnswerIsWaitedForUntilTheDeadlineAtMost) {
  const auto answer_by = [](std::optional<Instant> until) {
    LockMachine fresh(settings(), {1, 2, 3});
    return only<SendAttempt>(fresh.acquire_requested(request, AcquireMode::as_object,
                                                     Wait{.until = until}, at(0ms)))
        .answer_by;
  };
  EXPECT_EQ(answer_by(at(300ms)), at(300ms));
  EXPECT_EQ(answer_by(at(1h)), at(command_timeout));
  EXPECT_EQ(answer_by(Instant::max()), at(command_timeout));
  EXPECT_EQ(answer_by(std::nullopt), at(command_timeout));
}

// The attempt could join the queue after the release that gives it back.
TEST_F(LockMachineWaiting, AttemptIsNotCarriedOutWhenItsAnswerIsNotWaitedForAnyMore) {
  LockMachine fresh(settings(), {1, 2, 3});
  const auto sent = only<SendAttempt>(
      fresh.acquire_requested(request, AcquireMode::as_object, Wait{.until = at(300ms)}, at(0ms)));
  EXPECT_EQ(sent.request.not_after, at(300ms));
}

TEST_F(LockMachineWaiting, WakeUpOfTheLostEntryIsIgnored) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  const auto sent = only<SendAttempt>(machine.heartbeat_replied(
      ticket, at(500ms), heartbeat_reply(HeartbeatReplyStatus::gone), at(510ms)));
  static_cast<void>(machine.attempt_replied(sent.request.owner.ticket, queued(), at(520ms)));
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(ticket), at(530ms)).empty());
}

TEST_F(LockMachineWaiting, PlaceOutlivesAFailureInOneCallOnly) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  const auto again = only<SendAttempt>(machine.heartbeat_replied(
      ticket, at(500ms), heartbeat_reply(HeartbeatReplyStatus::gone), at(510ms)));
  static_cast<void>(machine.attempt_replied(again.request.owner.ticket, not_sent(), at(520ms)));
  const auto resumed = only<SendAttempt>(machine.acquire_requested(
      request, AcquireMode::as_object, Wait{.until = std::nullopt, .resumes = true}, at(600ms)));
  EXPECT_EQ(resumed.request.wait_options->arrived_at, StoreTime{77});
  static_cast<void>(machine.attempt_replied(resumed.request.owner.ticket, not_sent(), at(610ms)));
  EXPECT_FALSE(ask_and_wait(at(700ms)).request.wait_options->arrived_at);
}

TEST_F(LockMachineWaiting, LeavesTheQueueAtTheDeadline) {
  const Ticket ticket = queue_up(at(0ms), at(300ms));
  EXPECT_EQ(machine.next_wake(), at(300ms));
  const auto actions = machine.woken(at(300ms));
  EXPECT_TRUE(concluded_as<Busy>(actions));
  EXPECT_EQ(the<SendRelease>(actions).request.owner.ticket, ticket);
  EXPECT_TRUE(machine.wake_up_pushed(wake_up(ticket), at(301ms)).empty())
      << "the release takes it back";
  EXPECT_FALSE(machine.next_wake());
}

TEST_F(LockMachineWaiting, WaitThatEndsInAFailureReportsIt) {
  const Ticket ticket = queue_up(at(0ms), at(2s));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  static_cast<void>(machine.heartbeat_replied(ticket, at(500ms), unanswered(), at(1500ms)));
  EXPECT_TRUE(concluded_as<StoreFailure>(machine.woken(at(2s))));
}

TEST_F(LockMachineWaiting, AbandonedLeavesTheQueue) {
  const Ticket ticket = queue_up(at(0ms));
  const auto actions = machine.attempt_abandoned(*machine.attempting(), at(100ms));
  EXPECT_TRUE(concluded_as<Busy>(actions));
  EXPECT_EQ(the<SendRelease>(actions).request.owner.ticket, ticket);
}

TEST_F(LockMachineWaiting, AbandonedAttemptThatEntersTheQueueLaterLeavesOnceMore) {  // G4
  const Ticket ticket = ask_and_wait(at(0ms)).request.owner.ticket;
  EXPECT_TRUE(has<SendRelease>(machine.attempt_abandoned(ticket, at(5ms))));
  const Ticket next = ask_and_wait(at(6ms)).request.owner.ticket;
  const auto late = machine.attempt_replied(ticket, queued(1), at(7ms));
  EXPECT_EQ(only<SendRelease>(late).request.owner.ticket, ticket);
  EXPECT_EQ(machine.attempting(), next);
}

TEST_F(LockMachineWaiting, OtherCallersLearnThatTheObjectIsBusy) {
  static_cast<void>(queue_up(at(0ms)));
  for (const AcquireMode mode : {AcquireMode::as_object, AcquireMode::as_mutex}) {
    EXPECT_TRUE(
        answered_as<BusyHere>(machine.acquire_requested(request, mode, std::nullopt, at(20ms))));
    EXPECT_TRUE(answered_as<BusyHere>(machine.acquire_requested(request, mode, Wait{}, at(20ms))));
  }
}

TEST_F(LockMachineWaiting, ReleaseAndRefreshAreForHolders) {
  static_cast<void>(queue_up(at(0ms)));
  EXPECT_TRUE(has<ConcludeReleaseNotHeld>(machine.release_requested(request, at(20ms))));
  EXPECT_EQ(only<ConcludeRefresh>(machine.refresh_requested(at(20ms))).outcome,
            RefreshOutcome::not_held);
  EXPECT_TRUE(machine.attempting()) << "it waits on";
}

TEST_F(LockMachineWaiting, HeartbeatOfAnEarlierWaitChangesNothing) {
  const Ticket old = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  static_cast<void>(machine.attempt_abandoned(old, at(501ms)));
  const Ticket next = queue_up(at(502ms));
  const auto late = heartbeat_reply(HeartbeatReplyStatus::granted);
  EXPECT_TRUE(machine.heartbeat_replied(old, at(500ms), late, at(520ms)).empty());
  EXPECT_EQ(machine.attempting(), next) << "it waits on";

  take_over(next, at(530ms));
  EXPECT_TRUE(machine.heartbeat_replied(old, at(535ms), late, at(540ms)).empty());
  EXPECT_EQ(machine.hold()->safe_until, at(530ms) + safe_part);
}

TEST_F(LockMachineWaiting, GrantThatIsOverWhenItIsHeardOfIsGivenBack) {
  const Ticket ticket = queue_up(at(0ms));
  only<SendHeartbeat>(machine.woken(at(500ms)));
  const auto actions = machine.heartbeat_replied(
      ticket, at(500ms), heartbeat_reply(HeartbeatReplyStatus::granted), at(500ms) + safe_part);
  EXPECT_FALSE(machine.hold());
  EXPECT_EQ(the<SendRelease>(actions).request.owner.ticket, ticket);
  EXPECT_TRUE(concluded_as<StoreFailure>(actions));
}

TEST_F(LockMachineWaiting, FullQueueIsAnError) {
  const Ticket ticket = ask_and_wait(at(0ms)).request.owner.ticket;
  AttemptReply reply = queued();
  reply.outcome = AttemptReplyStatus::queue_full;
  const auto actions = machine.attempt_replied(ticket, reply, at(10ms));
  EXPECT_EQ(std::get<StoreFailure>(the<ConcludeAcquire>(actions).answer).code, errc::queue_full);
}

TEST_F(LockMachineWaiting, GrantLeavesTheHighestFenceBehind) {
  const Ticket ticket = queue_up(at(0ms));
  take_over(ticket, at(20ms));
  static_cast<void>(machine.release_requested(request, at(30ms)));
  EXPECT_EQ(ask_and_wait(at(40ms)).request.floor, Fence{20});
}

TEST(Heartbeat, LeavesHalfOfTheTtlAtMostToAFrozenWaiter) {
  EXPECT_EQ(heartbeat_interval(3000ms), 500ms);
  EXPECT_EQ(confirm_ttl(3000ms), 1500ms);
  EXPECT_EQ(heartbeat_interval(60s), 1000ms);
  EXPECT_EQ(heartbeat_interval(1ms), 10ms);
  EXPECT_EQ(confirm_ttl(1ms), 1ms) << "never beyond the ttl";
}

TEST(Heartbeat, OfTwentyFourSparseWaitersIsLessThanTwoInFiveSecondsEach) {
  double per_second = 0;
  for (std::size_t place = 1; place <= 24; ++place)
    per_second += 1000.0 / static_cast<double>(sparse_pause(3000ms, place).count());
  EXPECT_LT(per_second / 24, 0.4);
}

}  // namespace
}  // namespace exclusive_lock
