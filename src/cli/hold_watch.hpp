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
// - The command was ended by a signal, or nothing would end it any more if this process were
// killed: TERM at once to what is left, KILL after the grace.
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

  // What is left of the command must end, though the hold goes on.
  void require_end() { must_end_ = true; }
  // KILL was sent by another process, because the end of the hold was near.
  void killed_elsewhere();

  // Why the command was told to end, or why its exit code says that the lock was lost. Losing it
  // weighs more.
  [[nodiscard]] Reason reason() const;
  // Whether all that the command has started must have ended before the release.
  [[nodiscard]] bool must_end_all() const;
  // When somebody else must kill it if we do not: halfway through the margin. None: nobody must.
  [[nodiscard]] std::optional<Instant> killed_at_the_latest() const;

 private:
  enum class Phase { running, told, killed };

  [[nodiscard]] bool is_to_be_killed() const;
  [[nodiscard]] bool is_due_unconfirmed(Instant now) const;
  [[nodiscard]] std::optional<Instant> next_look() const;

  HoldRules rules_;
  Instant held_since_;
  std::optional<Instant> safe_until_;  // the last one that was given
  Phase phase_ = Phase::running;
  bool lost_ = false;
  bool held_too_long_ = false;
  bool must_end_ = false;
  std::optional<Instant> told_at_;
};

}  // namespace exclusive_lock::cli
