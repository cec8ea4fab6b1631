// What a lock handle does about refreshes: those that are asked for, sent, answered and concluded.

#include <utility>

#include "exclusive_lock/error.hpp"
#include "runtime/lock_handle.hpp"

namespace exclusive_lock {

void LockHandle::refresh(RefreshAnswered answered) {
  ask_for_refresh(std::move(answered),
                  [](LockMachine& machine, Instant now) { return machine.refresh_requested(now); });
}

void LockHandle::hold_at_least(Milliseconds time, RefreshAnswered answered) {
  ask_for_refresh(std::move(answered), [time](LockMachine& machine, Instant now) {
    return machine.hold_at_least_requested(time, now);
  });
}

template <class Request>
void LockHandle::ask_for_refresh(RefreshAnswered answered, Request request) {
  strand_.post([self = shared_from_this(), answered = std::move(answered), request]() mutable {
    self->callers_.add(std::move(answered));
    const Instant requested_at = self->now();
    try {
      self->carry_out(request(self->machine_, requested_at));
    } catch (...) {  // out of memory: no answer may come, so that is the answer
      if (const auto hold = self->machine_.hold()) {
        self->carry_out(self->machine_.refresh_replied(
            hold->owner.ticket, requested_at,
            StoreFailure{
                .code = errc::outcome_unknown, .message = "out of memory", .may_have_run = true},
            self->now()));
      }
      throw;
    }
  });
}

void LockHandle::perform(SendRefresh action) {
  engine_.refresher().add(std::move(action.request), action.requested_at, shared_from_this());
  // In a round of the scheduler other holds may follow, and all of them are sent at its end.
  if (!engine_.scheduler().in_round())
    engine_.refresher().flush();
}

void LockHandle::refresh_answered(Ticket ticket, Instant requested_at,
                                  const Answer<RefreshReplyStatus>& answer) {
  strand_.post([self = shared_from_this(), ticket, requested_at, answer] {
    self->look_at_store_clock();
    self->carry_out(self->machine_.refresh_replied(ticket, requested_at, answer, self->now()));
  });
}

void LockHandle::perform(const ConcludeRefresh& action) {
  for (const auto& answered : callers_.take_refreshes())
    answered(action.outcome);
}

}  // namespace exclusive_lock
