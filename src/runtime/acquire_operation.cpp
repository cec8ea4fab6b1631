#include "runtime/acquire_operation.hpp"

#include <utility>

#include "exclusive_lock/error.hpp"
#include "runtime/lock_handle.hpp"

namespace exclusive_lock {
namespace {

StoreFailure not_answered_in_time() {
  return {.code = errc::outcome_unknown,
          .message = "the store had not answered when the time to wait was over",
          .may_have_run = true};
}

AcquireEnd end_of(const WaitPlan::Step& at_deadline) {
  if (const auto* failed = std::get_if<WaitPlan::Failed>(&at_deadline))
    return *failed;
  return WaitPlan::TimedOut{};
}

}  // namespace

void AcquireOperation::start() {
  handle_->on_strand([self = shared_from_this()] {
    if (self->has_ended())
      return;
    if (!self->handle_->keep(self)) {
      self->end(Abandoned{});
      return;
    }
    if (const auto& wait_options = self->call_.wait_options) {
      self->plan_.emplace(wait_options->deadline, self->handle_->retry_pause());
      self->wait_.until = wait_options->deadline;
      self->handle_->hear_pushes(self->registration_);
    }
    self->ask();
  });
}

void AcquireOperation::ask() {
  phase_ = Phase::asked;
  const bool is_one_try = !plan_ || plan_->is_over(handle_->now());
  const bool joined =
      !handle_->ask(shared_from_this(), is_one_try ? std::nullopt : std::optional(wait_));
  // That attempt is answered within the wait options of the caller that began it.
  if (joined && !is_one_try)
    wake_at(wait_.until);
}

void AcquireOperation::answered(const AcquireAnswer& answer, std::optional<Ticket> ticket) {
  wait_.resumes = true;
  // One try is a plan without any time.
  WaitPlan::Step step = WaitPlan::TimedOut{};
  if (plan_) {
    step = plan_->after(answer, handle_->now(), handle_->random_unit());
  } else if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    step = WaitPlan::Failed{*failure};
  } else if (std::holds_alternative<Acquired>(answer) ||
             std::holds_alternative<AlreadyHeld>(answer)) {
    step = WaitPlan::Succeeded{};
  }
  if (const auto* again = std::get_if<WaitPlan::TryAt>(&step)) {
    phase_ = Phase::paused;
    wake_at(again->at);
  } else if (const auto* idle = std::get_if<WaitPlan::TryWhenIdle>(&step)) {
    phase_ = Phase::idle;
    handle_->wait_for_object(shared_from_this());
    wake_at(idle->at);
  } else if (const auto* failed = std::get_if<WaitPlan::Failed>(&step)) {
    end(*failed);
  } else if (std::holds_alternative<WaitPlan::TimedOut>(step)) {
    end(WaitPlan::TimedOut{});
  } else {
    if (std::holds_alternative<Acquired>(answer))
      ticket_ = ticket;
    end(WaitPlan::Succeeded{});
  }
}

void AcquireOperation::wake_at(std::optional<Instant> when) {
  handle_->scheduler().cancel(std::exchange(timer_, nullptr));
  if (!when)
    return;
  // Weak: it owns the timer. Its handle keeps it until it has ended.
  timer_ = handle_->scheduler().at(*when, [weak = weak_from_this()] {
    if (const auto self = weak.lock())
      self->handle_->on_strand([self] { self->resume(); });
  });
}

void AcquireOperation::resume_if_idle() {
  if (phase_ == Phase::idle)
    resume();
}

void AcquireOperation::resume() {
  handle_->scheduler().cancel(std::exchange(timer_, nullptr));
  if (phase_ == Phase::asked && plan_ && plan_->is_over(handle_->now())) {
    handle_->withdraw(shared_from_this(),
                      end_of(plan_->unanswered_at_deadline(not_answered_in_time())));
  } else if (phase_ == Phase::paused || phase_ == Phase::idle) {
    handle_->wait_for_object_no_more(*this);
    if (plan_ && plan_->is_over(handle_->now())) {
      end(end_of(plan_->at_deadline()));
    } else {
      ask();
    }
  }
}

void AcquireOperation::end(const AcquireEnd& end) {
  if (std::exchange(phase_, Phase::ended) == Phase::ended)
    return;
  handle_->scheduler().cancel(std::exchange(timer_, nullptr));
  registration_.reset();
  handle_->wait_for_object_no_more(*this);
  handle_->forget(*this);
  ended(end);
}

void AcquireOperation::abandon() {
  handle_->on_strand([self = shared_from_this()] {
    if (self->phase_ == Phase::asked) {
      self->handle_->withdraw(self, Abandoned{});
    } else {
      self->end(Abandoned{});
    }
  });
}

void AcquireOperation::give_back() {
  handle_->on_strand([self = shared_from_this()] {
    if (self->ticket_)
      self->handle_->give_back(*self->ticket_);
  });
}

}  // namespace exclusive_lock
