// Whether a step of the store's clock is noticed, and what is believed in after that (G1).

#include <algorithm>

#include "sim/checker_names.hpp"
#include "sim/checkers.hpp"

namespace exclusive_lock::sim {

using namespace std::chrono_literals;

void Checkers::clock_stepped(StoreTime by, Instant now) {
  ++age_;
  clock_steps_.push_back({.by = by, .at = now});
  for (auto& [key, lock] : locks_) {
    lock.not_taken_up = std::nullopt;  // it lives for so much longer, or less
  }
}

// Seen for certain: what moved the clock by more than the round trips of both looks, and what two
// clocks may drift apart between them, twice: once in truth and once in what is put up with.
void Checkers::clock_looked_at(ProcessId process, const Span& span, const ClockSeen& seen) {
  if (is_slewed_) {
    // Never again is it to count with less: the slew has no end.
    if (seen.as_slewed) {
      know_of_slew_.insert(process);
    }
    return;
  }
  const bool saw_a_step = seen.as_stepped;
  const auto [last, is_first] = clock_looks_.try_emplace(process);
  const ClockLook before = last->second;
  const bool is_definite = std::none_of(
      clock_steps_.begin(), clock_steps_.end(),
      [&](const ClockStep& step) { return step.at >= span.from && step.at <= span.to; });
  last->second = {
      .span = span, .steps = clock_steps_.size(), .age = age_, .is_definite = is_definite};
  if (is_first || !is_definite || !before.is_definite) {
    return;
  }
  if (saw_a_step && clock_steps_.size() == before.steps) {
    violated(checker::clock_steps_are_told, {}, "a step was seen of a clock that did not step");
  }
  StoreTime moved{};
  for (std::size_t i = before.steps; i < clock_steps_.size(); ++i) {
    moved += clock_steps_[i].by;
  }
  const Instant::duration drift = 2 * (span.to - before.span.from) / 100;
  const Instant::duration unseen = span.length() + before.span.length() + drift + 3ms;
  if (!saw_a_step && std::chrono::abs(moved) > unseen) {
    violated(checker::clock_steps_are_told, {}, "the store's clock stepped, and nobody noticed");
  }
  if (saw_a_step && clock_steps_.size() == before.steps + 1 && moved > 0us) {
    trust_again(process, before.age);
  }
}

bool Checkers::counts_right(const Owner& owner) const {
  return !is_slewed_ || know_of_slew_.contains(objects_.at(owner.id).process);
}

// What a process believed in before the step, which made records live shorter, it now believes in
// for no longer than they do.
void Checkers::trust_again(ProcessId process, std::uint64_t age) {
  for (auto& [key, lock] : locks_) {
    for (auto& [ticket, grant] : lock.grants) {
      const auto object = objects_.find(ticket.first);
      if (grant.age == age && object != objects_.end() && object->second.process == process) {
        grant.age = age_;
      }
    }
  }
}

}  // namespace exclusive_lock::sim
