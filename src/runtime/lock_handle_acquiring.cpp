// What a lock handle does for its acquire operations: who asks, who waits for whom, and what
// becomes of those who leave.

#include <algorithm>
#include <utility>

#include "runtime/lock_handle.hpp"

namespace exclusive_lock {
namespace {

void take_out(auto& operations, const AcquireOperation& operation) {
  operations.erase(std::remove_if(operations.begin(), operations.end(),
                                  [&](const auto& each) { return each.get() == &operation; }),
                   operations.end());
}

}  // namespace

bool LockHandle::keep(const Operation& operation) {
  if (!closed_)
    callers().operations.push_back(operation);
  return !closed_;
}

void LockHandle::forget(const AcquireOperation& operation) {
  take_out(callers().operations, operation);
  resume_first_idle();  // it may have been the one whose turn it was
  drop_callers_if_none();
}

void LockHandle::wait_for_object_no_more(const AcquireOperation& operation) {
  take_out(callers().idle, operation);
}

bool LockHandle::ask(const Operation& operation, const std::optional<Wait>& wait) {
  callers().asking = operation;
  carry_out(machine_.acquire_requested(operation->mode(), wait, now()));
  if (!callers_ || !callers_->asking)
    return true;
  auto& acquirers = callers_->acquirers;
  acquirers.push_back(callers_->asking);  // no memory for it: withdraw() must find it asking
  callers_->asking = nullptr;
  return acquirers.size() == 1;
}

void LockHandle::withdraw(const Operation& operation, const AcquireEnd& end) {
  auto& acquirers = callers().acquirers;
  // Where memory ran out in the very step that asked, it is no acquirer yet.
  const bool began_it =
      acquirers.empty() ? callers().asking == operation : acquirers.front() == operation;
  if (callers().asking == operation)
    callers().asking = nullptr;
  take_out(acquirers, *operation);
  operation->end(end);
  if (const auto ticket = machine_.attempting(); ticket && began_it)
    carry_out(machine_.attempt_abandoned(*ticket, now()));
  // Where it ran out in the step that would have told of a hold, nobody knows of it.
  if (const auto hold = machine_.hold();
      hold && began_it && (published_ != hold->owner.ticket || told_held_ == 0))
    release_untold();
}

void LockHandle::end_all() {
  closed_ = true;
  for (const Operation& operation : std::exchange(callers().operations, {})) {
    const auto& acquirers = callers().acquirers;
    if (std::find(acquirers.begin(), acquirers.end(), operation) != acquirers.end()) {
      withdraw(operation, Abandoned{});
    } else {
      operation->end(Abandoned{});
    }
  }
}

// One at a time: when its turn has come and gone, the next step of the machine resumes the next.
void LockHandle::resume_first_idle() {
  if (!callers_ || callers_->idle.empty() || machine_.attempting() || machine_.is_recording())
    return;
  const auto& idle = callers_->idle;
  const auto first = std::find_if(idle.begin(), idle.end(), [&](const Operation& each) {
    return each->mode() == AcquireMode::as_object || !machine_.hold();
  });
  if (first == idle.end())
    return;
  // Later: what this step has to send goes first.
  strand_.post([operation = *first] { operation->resume_if_idle(); });
}

void LockHandle::hear_pushes(std::optional<PushRouter::Registration>& registration) {
  registration.emplace(engine_.pushes(), machine_.owner_id(), receiver());
}

void LockHandle::give_back(Ticket ticket) {
  if (!closed_ && published_ == ticket && told_held_ <= 1)
    release_untold();
}

void LockHandle::release_untold() {
  callers().releasing = [](const DoneRelease&) {};
  carry_out(machine_.release_requested(now()));
  callers().releasing = nullptr;
  drop_callers_if_none();
}

// Weak: a push may be on its way when the handle goes.
PushRouter::Receiver LockHandle::receiver() {
  const auto on_strand = [weak = weak_from_this()](const auto& step) {
    if (const auto self = weak.lock()) {
      self->strand_.post([self, step] {
        self->set_heartbeat_pause();
        self->carry_out(step(*self));
      });
    }
  };
  return {
      .wake_up =
          [on_strand](const WakeUp& wake_up) {
            on_strand([wake_up](LockHandle& self) {
              return self.machine_.wake_up_pushed(wake_up, self.now());
            });
          },
      .pushes_resumed =
          [on_strand] {
            on_strand([](LockHandle& self) { return self.machine_.pushes_resumed(self.now()); });
          }};
}

void LockHandle::set_heartbeat_pause() {
  const Store& store = engine_.store();
  machine_.set_max_heartbeat_pause(store.pushes_grants() ? Milliseconds::max()
                                                         : store.retry_pause());
}

}  // namespace exclusive_lock
