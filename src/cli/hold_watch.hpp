#pragma once
// Decides when a command gets TERM and when it gets KILL, so that it never outlives its hold.
//
// Pure: it takes the time and the hold's safe_until, and returns what to do and when to ask again.
//
//          refreshed in time                   not refreshed
//   ----------------------------------|-------------- grace -----------|--- margin ---| safe_until
//   nothing                            TERM                             KILL           others start
//
// - The store reports the loss: TERM at once, KILL after the grace, at the latest at
//   safe_until - margin.
// - The store does not reply: TERM at safe_until - margin - grace, KILL at safe_until - margin. A
//   reply after the TERM changes nothing.
// - A signal ended the command, or the guardian was killed: TERM at once to all remaining
//   descendants, KILL after the grace.
// - --max-hold has passed: TERM at once, KILL after the grace; the first two rules still apply.
// With `signal` the first two rules send no KILL. With `ignore` a loss changes only the exit code.

#include <optional>

#include "cli/duration.hpp"
#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::cli {

enum class OnLost { kill, signal, ignore };

struct HoldRules {
  OnLost on_lost = OnLost::kill;
  Milliseconds grace;
  Milliseconds margin;
  std::optional<Milliseconds> max_hold;
};

// How long before safe_until a command must have ended: the time that this process and the kernel
// need to kill it.
Milliseconds kill_margin(Milliseconds ttl);
// The longest grace with which a hold that is refreshed on schedule gets no TERM; negative if there
// is none.
Milliseconds max_grace(Milliseconds ttl, Milliseconds refresh);
Milliseconds default_grace(Milliseconds ttl, Milliseconds refresh);

class HoldWatch {
 public:
  enum class Order { nothing, terminate, kill };
  enum class Reason { none, lost, held_too_long };

  struct Step {
    Order order = Order::nothing;
    // Ask again at this time, or when safe_until has changed; none: only when it has changed.
    std::optional<Instant> wake_at;
  };

  HoldWatch(HoldRules rules, Instant held_since) : rules_(rules), held_since_(held_since) {}

  // `safe_until` is ExclusiveLock::safe_until(): none once the hold is lost.
  [[nodiscard]] Step next(Instant now, std::optional<Instant> safe_until);

  // All remaining descendants must end, although the hold continues.
  void require_end() { must_end_ = true; }
  // The guardian sent KILL, because the end of the hold was near.
  void killed_by_guardian();

  // Why the command was ended, or why the exit code reports a loss. A loss takes precedence.
  [[nodiscard]] Reason reason() const;
  // Whether all descendants must have ended before the release.
  [[nodiscard]] bool must_end_all() const;
  // When the guardian must send KILL if this process does not: halfway through the margin. None:
  // never.
  [[nodiscard]] std::optional<Instant> fallback_kill_at() const;

 private:
  enum class Phase { running, terminating, killed };

  [[nodiscard]] bool is_to_be_killed() const;
  [[nodiscard]] bool is_due_unconfirmed(Instant now) const;
  [[nodiscard]] std::optional<Instant> next_deadline() const;

  HoldRules rules_;
  Instant held_since_;
  std::optional<Instant> safe_until_;  // the last one passed to next()
  Phase phase_ = Phase::running;
  bool lost_ = false;
  bool held_too_long_ = false;
  bool must_end_ = false;
  std::optional<Instant> terminated_at_;
};

}  // namespace exclusive_lock::cli
