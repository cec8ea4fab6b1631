#pragma once
// The calls of ExclusiveLock for threads that must not block: each is begun here, and answered by a
// callback. For those who connect this library with a framework; async.hpp does it for Boost.Asio,
// with coroutines, futures and callbacks.
//
// The callback is called exactly once. Its thread is any: the one that begins the call, before that
// returns, or one of the connection's. There it must not block, throw or end the last owner of the
// connection; what is more than a few instructions belongs on a thread of its owner.
//
// Threads. Everything may be called from any thread. The lock may be destroyed while calls are
// under way: its destructor ends each acquire with std::errc::operation_canceled, before it
// returns, and the other calls are answered by the store, or when the connection is closed. After
// fork() they are answered at once, as the blocking ones are.
//
// Cost. No thread waits. What the store needs a thread for (`memory:`, `local:`) is done by the one
// that begins the call, and by the connection's.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <system_error>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "exclusive_lock/export.hpp"
#include "exclusive_lock/record.hpp"

namespace exclusive_lock {

// Which of the two families of calls an acquire belongs to (exclusive_lock.hpp).
enum class AcquireAs {
  object,  // acquire(): where this object holds the lock, the answer is yes
  mutex,   // lock(): where it does, that is somebody else's hold
};

struct AcquireTerms {
  AcquireAs as = AcquireAs::object;
  std::optional<Instant> deadline{};  // none: one try; Instant::max(): for ever
};

// One acquire. Copies are the same acquire.
class EXCLUSIVE_LOCK_API CallbackAcquire {
 public:
  // True: this object holds the lock. False without an error: not granted in the time given.
  using Answered = std::function<void(const std::error_code&, bool)>;

  CallbackAcquire(ExclusiveLock& lock, const AcquireTerms& terms);

  // Once.
  void start(Answered answered) const;
  // It ends with std::errc::operation_canceled, unless it has ended before, and leaves nothing
  // behind (G4).
  void abandon() const;
  // For who had a yes and could not deliver it: what this acquire got is released in the
  // background, unless another caller was told since that this object holds the lock.
  void give_back() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

// One hold: the one that a lock has when this is made. For guards: what they end must be this hold,
// and not a later one that another caller of the same object has got since.
class EXCLUSIVE_LOCK_API CallbackHold {
 public:
  // Without a hold, it counts as lost.
  explicit CallbackHold(const ExclusiveLock& lock);

  // As ExclusiveLock::lost_token().
  [[nodiscard]] std::stop_token lost_token() const;
  // That it was lost, and not released. Final once release() has been answered.
  [[nodiscard]] bool was_lost() const;
  // As begin_release(); `not_held` where this hold is over, whatever the lock holds now.
  void release(std::function<void(ReleaseOutcome)> answered) const;
  // The same with ExclusiveLock::release_done(), whose `keep_for` it does not check.
  void release_done(std::chrono::milliseconds keep_for,
                    std::function<void(const DoneRelease&)> answered) const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

// As release(), refresh(), inspect(), hold_at_least() and last_done(); `time` is not checked.
EXCLUSIVE_LOCK_API void begin_release(ExclusiveLock& lock,
                                      std::function<void(ReleaseOutcome)> answered);
EXCLUSIVE_LOCK_API void begin_refresh(ExclusiveLock& lock,
                                      std::function<void(RefreshOutcome)> answered);
EXCLUSIVE_LOCK_API void begin_inspect(
    const ExclusiveLock& lock,
    std::function<void(const std::error_code&, std::optional<LockRecord>)> answered);
EXCLUSIVE_LOCK_API void begin_hold_at_least(ExclusiveLock& lock, std::chrono::milliseconds time,
                                            std::function<void(RefreshOutcome)> answered);
EXCLUSIVE_LOCK_API void begin_last_done(
    const ExclusiveLock& lock,
    std::function<void(const std::error_code&, std::optional<LastDone>)> answered);

}  // namespace exclusive_lock
