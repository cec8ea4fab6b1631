#pragma once
// One acquire from its call to its end, without a thread that is blocked for it.
//
//   phase      meaning                                   leaves it
//   begun      not looked at yet                         start() -> asked
//   asked      an ask of it is with the machine          the answer: WaitPlan says what next; of
//   one
//                                                        that joined another's: its deadline ->
//                                                        ended
//   paused     failure; to ask again at an instant       the timer -> asked; its deadline -> ended
//   idle       another caller has or tries this object   that ends -> asked; its deadline -> ended
//   ended      its end was told                          -
//
// Everything happens on the strand of its handle, which keeps it until it has ended. Who calls
// derives from it, and is told of the end by ended().

#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "core/lock_machine.hpp"
#include "core/wait_plan.hpp"
#include "runtime/push_router.hpp"
#include "runtime/scheduler.hpp"

namespace exclusive_lock {

class LockHandle;

struct AcquireCall {
  AcquireMode mode = AcquireMode::as_object;
  // Ready to wait; none: one try.
  struct WaitOptions {
    // None: no limit. It bounds the whole call, an attempt that is not answered included; where it
    // has passed when the call begins, the call is one try.
    std::optional<Instant> deadline;
  };
  std::optional<WaitOptions> wait_options{};
};

struct Abandoned {};
// TimedOut: not granted; of one try, that it was in vain.
using AcquireEnd =
    std::variant<WaitPlan::Succeeded, WaitPlan::TimedOut, WaitPlan::Failed, Abandoned>;

class AcquireOperation : public std::enable_shared_from_this<AcquireOperation> {
 public:
  AcquireOperation(std::shared_ptr<LockHandle> handle, const AcquireCall& call)
      : handle_(std::move(handle)), call_(call) {}
  virtual ~AcquireOperation() = default;
  AcquireOperation(const AcquireOperation&) = delete;
  AcquireOperation& operator=(const AcquireOperation&) = delete;

  // Any thread, once.
  void start();
  // Any thread, at any time. It ends as Abandoned, unless it has ended before, and leaves nothing
  // behind (G4).
  void abandon();
  // Any thread. Nobody was told of its success, and nobody will be: what it got is released,
  // unless others were told that this object holds the lock.
  void give_back();

  // --- for the handle, on the strand ---

  [[nodiscard]] AcquireMode mode() const noexcept { return call_.mode; }
  // No other caller is in its way any more.
  void resume_if_idle();
  void answered(const AcquireAnswer& answer, std::optional<Ticket> ticket);
  void end(const AcquireEnd& end);
  [[nodiscard]] bool has_ended() const noexcept { return phase_ == Phase::ended; }

 private:
  // Once, on the strand; must not block.
  virtual void ended(const AcquireEnd& end) = 0;

  enum class Phase { begun, asked, paused, idle, ended };
  void ask();
  void resume();
  void wake_at(std::optional<Instant> when);

  const std::shared_ptr<LockHandle> handle_;
  const AcquireCall call_;
  std::optional<WaitPlan> plan_;  // none: one try
  std::optional<PushRouter::Registration> registration_;
  Wait wait_;
  Phase phase_ = Phase::begun;
  std::optional<Ticket> ticket_;  // of the hold that it got
  Scheduler::Timer timer_;
};

}  // namespace exclusive_lock
