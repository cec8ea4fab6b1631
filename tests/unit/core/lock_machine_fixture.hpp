#pragma once
// A lock machine in scripted time, with short names for its inputs and actions.

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "core/lock_machine.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

using namespace std::chrono_literals;

class LockMachineFixture : public ::testing::Test {
 protected:
  static constexpr Milliseconds ttl = 3000ms;
  static constexpr Milliseconds refresh_interval = 1000ms;
  static constexpr Milliseconds command_timeout = 1000ms;
  static constexpr RequestId request = 17;
  // ttl less 1 % and 2 ms: how long a hold is valid after the sending of a confirmed request.
  static constexpr Milliseconds safe_part = 2968ms;

  static LockSettings settings() {
    return {.key = "exclusive-lock:job",
            .record_tail = "tail",
            .ttl = ttl,
            .refresh_interval = refresh_interval,
            .auto_refresh = true,
            .detached = false,
            .command_timeout = command_timeout};
  }

  // All instants are relative to this one.
  static Instant at(Milliseconds since_start) { return Instant{1h} + since_start; }

  static AttemptReply granted(std::uint64_t fence = 7) {
    return {.outcome = AttemptReplyStatus::granted,
            .fence = Fence{fence},
            .remaining_ttl = ttl,
            .store_time = {}};
  }
  static AttemptReply busy(std::uint64_t fence = 9) {
    return {.outcome = AttemptReplyStatus::busy,
            .fence = Fence{fence},
            .remaining_ttl = 400ms,
            .store_time = {}};
  }
  static StoreFailure unanswered() {
    return {.code = errc::outcome_unknown, .message = "no answer", .may_have_run = true};
  }
  static StoreFailure not_sent() {
    return {.code = errc::store_unavailable, .message = "no connection", .may_have_run = false};
  }

  // The ticket of the attempt that is sent.
  Ticket ask(Instant now) {
    const auto sent = only<SendAttempt>(
        machine.acquire_requested(request, AcquireMode::as_object, std::nullopt, now));
    return sent.request.owner.ticket;
  }
  Ticket acquire(Instant now, std::uint64_t fence = 7) {
    const Ticket ticket = ask(now);
    const auto actions = machine.attempt_replied(ticket, granted(fence), now);
    EXPECT_TRUE(has<NotifyAcquired>(actions));
    return ticket;
  }

  template <class A>
  static bool has(const Actions& actions) {
    for (const Action& action : actions) {
      if (std::holds_alternative<A>(action))
        return true;
    }
    return false;
  }
  template <class A>
  static A the(const Actions& actions) {
    for (const Action& action : actions) {
      if (const auto* found = std::get_if<A>(&action))
        return *found;
    }
    ADD_FAILURE() << "the action is missing among " << actions.size();
    throw std::logic_error("missing action");
  }
  template <class A>
  static A only(const Actions& actions) {
    EXPECT_EQ(actions.size(), 1U);
    return the<A>(actions);
  }
  template <class A>
  static bool concluded_as(const Actions& actions) {
    return std::holds_alternative<A>(the<ConcludeAcquire>(actions).answer);
  }
  // Only this call was answered.
  template <class A>
  static bool answered_as(const Actions& actions) {
    return std::holds_alternative<A>(the<AnswerAcquire>(actions).answer);
  }

  LockMachine machine{settings(), {1, 2, 3}};
};

}  // namespace exclusive_lock
