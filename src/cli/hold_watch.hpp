#pragma once
// When a command must be told to end, and when it must be killed, so that it never outlives its
// hold.
//
// Pure: it gets the time and the hold's safe_until, and says what to do and when to ask again.
//
//          refreshed in time                   not refreshed
//   ----------------------------------|-------------- grace -----------|--- margin ---| safe_until
//   nothing to do                      TERM                             KILL           others may
//   start
//
// - The store says that the lock is lost: TERM at once, KILL after the grace, but not after
// safe_until - margin.
// - No answer: TERM at safe_until - margin - grace, KILL at safe_until - margin. An answer that
// comes after the TERM
//   does not take it back.
// - --max-hold is over: TERM at once, KILL after the grace; the two rules above hold meanwhile.
// `signal` leaves out the KILL of the first two; `ignore` does nothing about a loss but tell it in
// the exit code.

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

// How much before safe_until a command must be gone: what it takes this process and the kernel to
// kill it.
Milliseconds kill_margin(Milliseconds ttl);
// The longest grace with which a hold that is refreshed as planned never gets near the TERM;
// negative where there is none.
Milliseconds longest_grace(Milliseconds ttl, Milliseconds refresh);
Milliseconds default_grace(Milliseconds ttl, Milliseconds refresh);

class HoldWatch {
 public:
  enum class Order { nothing, terminate, kill };
  enum class Reason { none, lost, held_too_long };

  struct Step {
    Order order = Order::nothing;
    std::optional<Instant>
        wake_at;  // ask again then, or when safe_until has changed; none: only the latter
  };

  HoldWatch(HoldRules rules, Instant held_since) : rules_(rules), held_since_(held_since) {}

  // `safe_until` as ExclusiveLock gives it: none once the hold is lost.
  [[nodiscard]] Step next(Instant now, std::optional<Instant> safe_until);

  // Why the command was told to end, or why its exit code says that the lock was lost. Losing it
  // weighs more.
  [[nodiscard]] Reason reason() const;
  // Whether what is left of the command is going to be killed: its leader may end first.
  [[nodiscard]] bool is_going_to_kill() const;
  // When somebody else must kill it if we do not: halfway through the margin. None: nobody must.
  [[nodiscard]] std::optional<Instant> killed_at_the_latest() const;

 private:
  enum class Phase { running, told, killed };

  [[nodiscard]] bool is_due_unconfirmed(Instant now) const;
  [[nodiscard]] std::optional<Instant> next_look() const;

  HoldRules rules_;
  Instant held_since_;
  std::optional<Instant> safe_until_;  // the last one that was given
  Phase phase_ = Phase::running;
  bool lost_ = false;
  bool held_too_long_ = false;
  std::optional<Instant> told_at_;
};

}  // namespace exclusive_lock::cli
