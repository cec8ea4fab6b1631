#pragma once
// A lock machine that waits in the queue (docs/decisions/0008-fair-hand-over.md).
// With ttl 3000 ms, the heartbeat interval is 500 ms and confirm_ttl 1500 ms.

#include "lock_machine_fixture.hpp"

namespace exclusive_lock {

class LockMachineWaitingFixture : public LockMachineFixture {
 protected:
  static constexpr StoreTime server{1'000'000'000};

  static AttemptReply queued(std::size_t position = 2, StoreTime store_time = server) {
    return {.outcome = AttemptReplyStatus::waiting,
            .fence = Fence{9},
            .remaining_ttl = 2000ms,
            .store_time = store_time,
            .position = position,
            .arrived_at = StoreTime{77}};
  }
  static HeartbeatReply heartbeat_reply(HeartbeatReplyStatus outcome, std::size_t position = 2) {
    return {.outcome = outcome,
            .fence = outcome == HeartbeatReplyStatus::granted ? Fence{20} : Fence{},
            .position = position,
            .remaining_ttl = 2000ms,
            .store_time = server};
  }
  static WakeUp wake_up(Ticket ticket) { return {.owner = {.id = {1, 2, 3}, .ticket = ticket}}; }

  SendAttempt ask_and_wait(Instant now, std::optional<Instant> until = std::nullopt) {
    return only<SendAttempt>(
        machine.acquire_requested(request, AcquireMode::as_object, Wait{.until = until}, now));
  }
  // Waits from `now` on; the reply comes 10 ms later.
  Ticket queue_up(Instant now, std::optional<Instant> until = std::nullopt) {
    const Ticket ticket = ask_and_wait(now, until).request.owner.ticket;
    const auto event = only<NotifyWaiting>(machine.attempt_replied(ticket, queued(), now + 10ms));
    EXPECT_EQ(event.position, 2U);
    return ticket;
  }
  // Sends a heartbeat at `now`; its reply grants the lock 10 ms later.
  void take_over(Ticket ticket, Instant now) {
    only<SendHeartbeat>(machine.wake_up_pushed(wake_up(ticket), now));
    EXPECT_TRUE(concluded_as<Acquired>(machine.heartbeat_replied(
        ticket, now, heartbeat_reply(HeartbeatReplyStatus::granted), now + 10ms)));
  }
};

}  // namespace exclusive_lock
