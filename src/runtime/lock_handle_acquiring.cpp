// What a lock handle does for its acquire operations: it requests, answers, resumes and ends them.

#include <utility>

#include "core/heartbeat.hpp"
#include "runtime/lock_handle.hpp"

namespace exclusive_lock {

void LockHandle::acquire(const Operation& operation) {
  on_strand([operation](LockHandle& self) {
    if (operation->has_ended())
      return;
    if (self.closed_)
      return self.end(operation, Abandoned{});
    self.callers_.add(operation);
    operation->begin(self.engine_.store().retry_pause());
    if (operation->waits())
      operation->registration.emplace(self.engine_.pushes(), self.machine_.owner_id(), self.key(),
                                      self.weak_from_this());
    self.request_acquire(operation);
  });
}

void LockHandle::abandon(const Operation& operation) {
  on_strand([operation](LockHandle& self) { self.withdraw(operation, Abandoned{}); });
}

void LockHandle::give_back(const Operation& operation) {
  on_strand([operation](LockHandle& self) {
    if (!self.closed_ && operation->ticket() && self.published_ == operation->ticket() &&
        self.notified_callers_ <= 1)
      self.release_unused();
  });
}

void LockHandle::request_acquire(const Operation& operation) {
  const RequestId request = callers_.new_request();
  const auto wait = operation->ask(request, now());
  carry_out(machine_.acquire_requested(request, operation->mode(), wait, now()));
  // The machine bounds an attempt by the deadline of the caller that began it.
  if (wait && operation->request() && !callers_.began_attempt(*operation))
    set_timer(operation, wait->until);
}

void LockHandle::acquire_answered(const Operation& operation, const AcquireAnswer& answer) {
  const auto step = operation->answered(answer, published_, now(), engine_.random());
  if (const auto reason = end_of(step)) {
    end(operation, *reason);
  } else if (const auto* again = std::get_if<WaitPlan::TryAt>(&step)) {
    set_timer(operation, again->at);
  } else if (const auto* idle = std::get_if<WaitPlan::TryWhenIdle>(&step)) {
    set_timer(operation, idle->at);
  }
}

// Weak: the operation owns the timer.
void LockHandle::set_timer(const Operation& operation, std::optional<Instant> when) {
  engine_.scheduler().cancel(std::exchange(operation->timer, nullptr));
  if (!when)
    return;
  operation->timer =
      engine_.scheduler().at(*when, [handle = weak_from_this(), weak = std::weak_ptr(operation)] {
        const auto self = handle.lock();
        const auto due = weak.lock();
        if (self && due)
          self->strand_.post([self, due] { self->resume(due); });
      });
}

void LockHandle::resume(const Operation& operation) {
  set_timer(operation, std::nullopt);
  if (operation->has_ended())
    return;
  if (const auto reason = operation->end_by_deadline(now())) {
    withdraw(operation, *reason);
  } else if (!operation->request()) {
    request_acquire(operation);
  }
}

// One at a time: when its turn has come and gone, the next step of the machine resumes the next.
void LockHandle::resume_first_idle() {
  if (machine_.attempting() || machine_.is_recording())
    return;
  const Operation operation = callers_.first_idle(machine_.hold().has_value());
  if (!operation)
    return;
  // Later: what this step has to send goes first.
  on_strand([operation](LockHandle& self) {
    if (operation->is_idle())
      self.resume(operation);
  });
}

void LockHandle::end(const Operation& operation, const AcquireEnd& reason) {
  set_timer(operation, std::nullopt);
  callers_.remove(*operation);
  operation->end(reason);
  resume_first_idle();  // it may have been the one whose turn it was
}

void LockHandle::withdraw(const Operation& operation, const AcquireEnd& reason) {
  const bool began_attempt = callers_.began_attempt(*operation);
  end(operation, reason);
  if (!began_attempt)
    return;
  if (const auto ticket = machine_.attempting())
    carry_out(machine_.attempt_abandoned(*ticket, now()));
  // Where memory ran out in the step that would have notified of a hold, no caller knows of it.
  if (const auto hold = machine_.hold();
      hold && (published_ != hold->owner.ticket || notified_callers_ == 0))
    release_unused();
}

void LockHandle::end_all() {
  closed_ = true;
  for (const Operation& operation : callers_.acquires())
    withdraw(operation, Abandoned{});
}

void LockHandle::release_unused() {
  request_release([](const DoneRelease&) {}, std::nullopt);
}

void LockHandle::wake_up_pushed(const WakeUp& wake_up) {
  on_strand([wake_up](LockHandle& self) {
    self.set_heartbeat_pause();
    self.carry_out(self.machine_.wake_up_pushed(wake_up, self.now()));
  });
}

void LockHandle::pushes_resumed() {
  on_strand([](LockHandle& self) {
    self.set_heartbeat_pause();
    self.carry_out(self.machine_.pushes_resumed(self.now()));
  });
}

void LockHandle::not_alone() {
  on_strand([](LockHandle& self) {
    self.set_heartbeat_pause();
    self.carry_out(self.machine_.max_heartbeat_pause_cut(self.now()));
  });
}

// Of waiters that are frozen together, one at most may be taken for alive for long.
void LockHandle::set_heartbeat_pause() {
  const Store& store = engine_.store();
  const bool is_sparse = store.allows_sparse_heartbeats() && is_alone();
  machine_.set_max_heartbeat_pause(!store.pushes_grants() ? store.retry_pause()
                                   : is_sparse            ? Milliseconds::max()
                                                          : heartbeat_interval(settings().ttl));
}

}  // namespace exclusive_lock
