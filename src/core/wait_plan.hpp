#pragma once
// What a waiting acquire does after each try: the policy of acquire_for, acquire_until and lock(),
// without a clock or a thread.
//
// In the queue the machine waits by itself; this decides when it is to ask again: after passing
// trouble, where another thread of the object was in the way, and where a store answered busy to
// one who was ready to wait (pace.hpp).

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
  // Another thread has the lock through the same object: try when that ends, at the latest at `at`
  // (none: no limit).
  struct TryWhenIdle {
    std::optional<Instant> at;
  };
  using Step = std::variant<Succeeded, TimedOut, Failed, TryAt, TryWhenIdle>;

  // No deadline: no limit. `retry_pause` is the store's.
  WaitPlan(std::optional<Instant> deadline, Milliseconds retry_pause)
      : deadline_(deadline), retry_pause_(retry_pause) {}

  // `unit` is random in [0, 1). Pauses become shorter towards the deadline, so that the last try is
  // made shortly before it: a try that begins at the deadline could only be answered after it.
  [[nodiscard]] Step after(const AcquireAnswer& answer, Instant now, double unit);
  // How it ends at the deadline: with the failure that was the last answer, or as timed out.
  [[nodiscard]] Step at_deadline() const;
  // The same with a request on its way. A store that has answered this wait is busy, not stuck: the
  // answer was cut off by the deadline.
  [[nodiscard]] Step unanswered_at_deadline(const StoreFailure& failure) const;
  [[nodiscard]] bool is_over(Instant now) const { return deadline_ && now >= *deadline_; }

 private:
  [[nodiscard]] Step after_failure(const StoreFailure& failure, Instant now, double unit);
  [[nodiscard]] Instant next_try(Instant now, Milliseconds pause) const;

  std::optional<Instant> deadline_;
  Milliseconds retry_pause_;
  int failures_ = 0;                          // in a row
  std::optional<StoreFailure> last_failure_;  // none: the last answer was none
  bool was_answered_ = false;
};

// Trouble that may pass by itself while one waits: no connection, no answer, loading, busy, too
// many clients, a failover.
bool is_passing(const std::error_code& trouble);

}  // namespace exclusive_lock
