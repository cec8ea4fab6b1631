#pragma once
// Decides what a waiting acquire does after each try: the policy of acquire_for, acquire_until and
// lock(), without a clock or a thread.
//
// The lock machine waits in the queue by itself. This class decides when to try again: after a
// failure that may pass, while another caller of the same object holds or tries, and when a store
// answers busy to a caller that is ready to wait (pace.hpp).

#include <optional>
#include <variant>

#include "core/lock_machine.hpp"

namespace exclusive_lock {

class WaitPlan {
 public:
  struct Succeeded {};
  struct TimedOut {};
  struct Failed {
    StoreFailure failure;
  };
  struct TryAt {
    Instant at;
  };
  // Another caller of the same object holds or tries: try again when that has ended, at `at` at the
  // latest (none: no limit).
  struct TryWhenIdle {
    std::optional<Instant> at;
  };
  using Step = std::variant<Succeeded, TimedOut, Failed, TryAt, TryWhenIdle>;

  // Without a deadline: no limit. `retry_pause` is that of the store.
  WaitPlan(std::optional<Instant> deadline, Milliseconds retry_pause)
      : deadline_(deadline), retry_pause_(retry_pause) {}

  // `unit` is a random number in [0, 1). Pauses become shorter near the deadline, so that the last
  // try begins shortly before it and can be answered in time.
  [[nodiscard]] Step after(const AcquireAnswer& answer, Instant now, double unit);
  // The result at the deadline: the failure if the last answer was one, else timed out.
  [[nodiscard]] Step at_deadline() const;
  // The same while a request is in flight. If the store has answered during this wait, it works,
  // and the deadline has only cut the reply off.
  [[nodiscard]] Step unanswered_at_deadline(const StoreFailure& failure) const;
  [[nodiscard]] bool is_over(Instant now) const { return deadline_ && now >= *deadline_; }

 private:
  [[nodiscard]] Step after_failure(const StoreFailure& failure, Instant now, double unit);
  [[nodiscard]] Instant next_try(Instant now, Milliseconds pause) const;

  std::optional<Instant> deadline_;
  Milliseconds retry_pause_;
  int failures_ = 0;                          // in a row
  std::optional<StoreFailure> last_failure_;  // none: the last answer was no failure
  bool was_answered_ = false;
};

// Whether the failure may pass while a caller waits: no connection, no answer, loading, busy, too
// many clients, a failover.
bool is_passing(const std::error_code& error);

}  // namespace exclusive_lock
