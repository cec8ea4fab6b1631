#pragma once
// A lock machine that stands in line (docs/decisions/0008-fair-hand-over.md).
// heartbeat of ttl 3000 ms: 500 ms; confirm_ttl: 1500 ms, of which 1500 - 15 - 2 = 1483 ms are
// safe.

#include "lock_machine_fixture.hpp"

namespace exclusive_lock {

class LockMachineWaitingFixture : public LockMachineFixture {
 protected:
  static constexpr Milliseconds safe_part_of_confirm = 1483ms;
  static constexpr StoreTime server{1'000'000'000};

  static AttemptReply queued(std::size_t position = 2, StoreTime store_time = server) {
    return {.outcome = AttemptOutcome::waiting,
            .fence = Fence{9},
            .remaining_ttl = 2000ms,
            .store_time = store_time,
            .position = position,
            .arrived_at = StoreTime{77}};
  }
  static BeatReply beat(BeatOutcome outcome, std::size_t position = 2) {
    return {.outcome = outcome,
            .fence = outcome == BeatOutcome::granted ? Fence{20} : Fence{},
            .position = position,
            .remaining_ttl = 2000ms,
            .store_time = server};
  }
  static Grant push(Ticket ticket, StoreTime granted_at = server + 1s) {
    return {
        .owner = {.id = {1, 2, 3}, .ticket = ticket}, .fence = Fence{20}, .granted_at = granted_at};
  }

  static Grant nudge(Ticket ticket) {
    Grant grant = push(ticket);
    grant.fence = Fence{};
    return grant;
  }

  SendAttempt ask_patiently(Instant now, std::optional<Instant> until = std::nullopt) {
    return only<SendAttempt>(
        machine.acquire_requested(AcquireMode::as_object, Wait{.until = until}, now));
  }
  // Waits from `now` on, with the answer 10 ms later.
  Ticket queue_up(Instant now, std::optional<Instant> until = std::nullopt) {
    const Ticket ticket = ask_patiently(now, until).request.owner.ticket;
    const auto told = only<TellWaiting>(machine.attempt_replied(ticket, queued(), now + 10ms));
    EXPECT_EQ(told.position, 2U);
    return ticket;
  }
};

}  // namespace exclusive_lock
