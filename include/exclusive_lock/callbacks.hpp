#pragma once
// The calls of ExclusiveLock without blocking: each is begun here and answered by a callback. Use
// this header to connect the library with a framework. async.hpp does that for Boost.Asio, with
// coroutines, futures and callbacks.
//
// Each callback is called exactly once: by the thread that begins the call, before that call
// returns, or by a thread of the connection. It must not block, throw, or destroy the last owner of
// the connection. Work of more than a few instructions belongs on a thread of the program.
//
// Threads. Everything may be called from any thread. A lock may be destroyed while calls on it are
// running: before the destructor returns, each acquire has ended with
// std::errc::operation_canceled. The store answers the other calls, or they end when the connection
// is closed. After fork(), calls are answered at once, as the blocking ones are.
//
// Cost. No thread waits. For `memory:` and `local:`, the thread that begins the call and threads of
// the connection do the work of the store.

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
  object,  // as acquire(): true if this object holds the lock already
  mutex,   // as lock(): a hold of this object is in the way, as that of any other worker
};

struct AcquireTerms {
  AcquireAs as = AcquireAs::object;
  std::optional<Instant> deadline{};  // none: one try; Instant::max(): no limit
};

// One acquire. Copies refer to the same acquire.
class EXCLUSIVE_LOCK_API CallbackAcquire {
 public:
  // True: this object holds the lock. False without an error: it was not granted in time.
  using Answered = std::function<void(const std::error_code&, bool)>;

  CallbackAcquire(ExclusiveLock& lock, const AcquireTerms& terms);

  // Begins the acquire. Call it once.
  void start(Answered answered) const;
  // Ends the acquire with std::errc::operation_canceled, unless it has ended before. It leaves
  // nothing behind (G4).
  void abandon() const;
  // Releases in the background the hold that this acquire got, if its caller cannot use it any
  // more. No effect if another caller has got `true` from this object since.
  void give_back() const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

// The hold that a lock has when this is constructed. A guard uses it to release that hold and not a
// later one, which another caller of the same object may have got since.
class EXCLUSIVE_LOCK_API CallbackHold {
 public:
  // If `lock` has no hold, this counts as a lost one.
  explicit CallbackHold(const ExclusiveLock& lock);

  // As ExclusiveLock::lost_token().
  [[nodiscard]] std::stop_token lost_token() const;
  // True: the hold was lost, not released. Final once release() has been answered.
  [[nodiscard]] bool was_lost() const;
  // As begin_release(); `not_held` if this hold is over, even if the lock has a later one.
  void release(std::function<void(ReleaseOutcome)> answered) const;
  // As ExclusiveLock::release_done(), but `keep_for` is not checked.
  void release_done(std::chrono::milliseconds keep_for,
                    std::function<void(const DoneRelease&)> answered) const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

// As release(), refresh(), inspect(), hold_at_least() and last_done(), but `time` is not checked.
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
