#include "sim/simulated_handle.hpp"

#include "sim/process.hpp"

namespace exclusive_lock::sim {

SimulatedHandle::SimulatedHandle(Process& process, LockSettings settings)
    : LockHandle(process.engine(), std::move(settings), nullptr), process_(process) {}

std::optional<Owner> SimulatedHandle::holder() {
  if (kept_) {
    return kept_->owner;
  }
  const auto hold = machine().hold();
  return hold ? std::optional(hold->owner) : std::nullopt;
}

std::optional<Instant> SimulatedHandle::believes_until() {
  if (kept_ && process_.now() < kept_->until) {
    return kept_->until;
  }
  return safe_until();
}

std::optional<Instant> SimulatedHandle::shown_until() {
  return process_.clock().seen_at(Instant{}, [this] { return believes_until(); });
}

// --- mutants -----------------------------------------------------------------------------------

void SimulatedHandle::refresh_answered(Ticket ticket, Instant requested_at,
                                       const Answer<RefreshReplyStatus>& answer) {
  const auto* verdict = std::get_if<RefreshReplyStatus>(&answer);
  const bool is_refreshed = verdict != nullptr && *verdict == RefreshReplyStatus::refreshed;
  switch (process_.world().mutant) {
    case Mutant::refresh_from_receipt:
      LockHandle::refresh_answered(ticket, process_.now(), answer);
      break;
    case Mutant::late_reply_revives:
      process_.clock().seen_at(requested_at,
                               [&] { LockHandle::refresh_answered(ticket, requested_at, answer); });
      break;
    case Mutant::released_hold_revives:
      LockHandle::refresh_answered(ticket, requested_at, answer);
      if (is_refreshed && !is_held()) {
        kept_ = Kept{.owner = {.id = owner_id(), .ticket = ticket},
                     .until = requested_at + machine().settings().ttl};
      }
      break;
    default:
      LockHandle::refresh_answered(ticket, requested_at, answer);
      break;
  }
}

void SimulatedHandle::ring() {
  if (process_.world().mutant != Mutant::sleeps_through_the_end || !machine().hold()) {
    LockHandle::ring();
  }
}

void SimulatedHandle::store_clock_stepped(std::chrono::microseconds step) {
  if (process_.world().mutant != Mutant::clock_step_changes_nothing) {
    LockHandle::store_clock_stepped(step);
  }
}

Drift SimulatedHandle::store_drift() const noexcept {
  return process_.world().mutant == Mutant::clock_rate_changes_nothing ? usual_drift
                                                                       : LockHandle::store_drift();
}

bool SimulatedHandle::is_alone() const {
  return process_.world().mutant == Mutant::company_is_overlooked || LockHandle::is_alone();
}

void SimulatedHandle::keep_belief() {
  const auto owner = holder();
  const auto until = shown_until();
  if (owner && until) {
    kept_ = Kept{.owner = *owner, .until = *until};
  }
}

}  // namespace exclusive_lock::sim
