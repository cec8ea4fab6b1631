#pragma once
// One acquire, from its call to its end: what it waits for, and what follows an answer. It calls
// no one but its caller, which derives from it. LockHandle drives it, on the handle's strand.
//
//   phase    meaning                                     what ends it
//   begun    the handle has not looked at it yet         the handle -> asked
//   asked    the machine has a request of it             the answer -> paused, idle or ended;
//                                                        its deadline -> ended
//   paused   after a failure that may pass, or `busy`    a timer -> asked; its deadline -> ended
//   idle     another caller has or tries this object     that has ended -> asked;
//                                                        its deadline -> ended
//   ended    ended() was called                          -

#include <memory>
#include <optional>
#include <variant>

#include "core/lock_machine.hpp"
#include "core/wait_plan.hpp"
#include "runtime/environment.hpp"
#include "runtime/push_router.hpp"
#include "runtime/scheduler.hpp"

namespace exclusive_lock {

struct AcquireCall {
  AcquireMode mode = AcquireMode::as_object;
  // None: one try. Otherwise it waits: until then, which bounds the whole call, a request without a
  // reply included. Instant::max(): no limit. An instant of the past: one try.
  std::optional<Instant> deadline{};
};

struct Abandoned {};
// TimedOut: not granted.
using AcquireEnd =
    std::variant<WaitPlan::Succeeded, WaitPlan::TimedOut, WaitPlan::Failed, Abandoned>;

class AcquireOperation {
 public:
  explicit AcquireOperation(const AcquireCall& call) : call_(call) {}
  virtual ~AcquireOperation() = default;
  AcquireOperation(const AcquireOperation&) = delete;
  AcquireOperation& operator=(const AcquireOperation&) = delete;

  [[nodiscard]] bool has_ended() const noexcept { return phase_ == Phase::ended; }

  // --- for the lock handle, on its strand ---

  [[nodiscard]] AcquireMode mode() const noexcept { return call_.mode; }
  [[nodiscard]] bool waits() const noexcept { return call_.deadline.has_value(); }
  [[nodiscard]] bool is_idle() const noexcept { return phase_ == Phase::idle; }
  // The request that the machine has not answered yet.
  [[nodiscard]] std::optional<RequestId> request() const noexcept;
  // The hold that it got.
  [[nodiscard]] std::optional<Ticket> ticket() const noexcept { return ticket_; }

  void begin(Milliseconds retry_pause);
  // Asks under that id: how long the machine may wait. None: it is one try.
  [[nodiscard]] std::optional<Wait> ask(RequestId request, Instant now);
  // The answer, with the ticket of the present hold: when to ask again, or the end.
  [[nodiscard]] WaitPlan::Step answered(const AcquireAnswer& answer, std::optional<Ticket> ticket,
                                        Instant now, RandomSource& random);
  // None: its deadline has not come.
  [[nodiscard]] std::optional<AcquireEnd> end_by_deadline(Instant now) const;
  void end(const AcquireEnd& end);

  // It owns both, from its begin to its end.
  std::optional<PushRouter::Registration> registration;
  Scheduler::Timer timer;

 private:
  // Once, on the strand; must not block.
  virtual void ended(const AcquireEnd& end) = 0;

  enum class Phase { begun, asked, paused, idle, ended };

  const AcquireCall call_;
  Phase phase_ = Phase::begun;
  std::optional<WaitPlan> plan_;  // none: one try
  Wait wait_;
  RequestId request_ = 0;
  std::optional<Ticket> ticket_;
};

// What ends an acquire, of what may follow an answer; none: it goes on.
std::optional<AcquireEnd> end_of(const WaitPlan::Step& step);

}  // namespace exclusive_lock
