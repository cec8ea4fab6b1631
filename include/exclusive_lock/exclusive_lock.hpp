#pragma once
// ExclusiveLock: of many workers, on one machine or on thousands, at most one holds a named lock.
//
//   exclusive_lock::ExclusiveLock lock({.app_name = "nightly-report", .cache_connection = store});
//   if (lock.acquire()) write_report(lock.fence());
//
// How it works. The lock is a record with a time to live (ttl) in a store. The object that wrote
// the record is the holder, and refreshes the record while it lives. A hold is valid until
// safe_until(), which is a bit less than one ttl after the last confirmed request was *sent* (G1).
// Guarantees and their limits: docs/guarantees.md.
//
// States. Rows: state of this object; columns: call; entries: result, then the new state.
//
//          acquire()               release()          refresh()          held()
//   idle   true, then held         not_held           not_held           false
//          false, still idle
//   held   true, with a warning    released, idle     refreshed, held    true until
//                                  unknown, idle      unknown, held      safe_until()
//                                                     lost, idle
//
// An object whose hold was lost is idle. A lost hold never comes back: the next acquire() makes a
// new hold with a new fence (G5).
//
// acquire() and lock() differ where this object holds the lock already. acquire() then returns true
// and logs a warning, as the original package does. lock(), try_lock() and the other calls of a
// mutex treat the object as a mutex: lock() waits until the hold has ended, try_lock() returns
// false.
//
// Threads. Every member may be called from any thread at any time, except that destruction must not
// run beside other calls. Event handlers run in order on one thread of the connection. No lock of
// this library is held then, so a handler may call any member, release() included. Keep handlers
// short: later events wait for them, refreshes do not.
//
// Failure. The calls of the acquire family and inspect() throw StoreError when the store fails, or
// set the error_code that was passed. No call returns true without a hold. release() and refresh()
// never throw for a failing store: their outcome `unknown` says that the store did not answer;
// release() then goes on trying in the background. An acquire that ended with an exception or a
// timeout leaves nothing behind for longer than one ttl (G4).
//
// Cost, in round trips:
//
//   acquire(), release(), inspect()   1
//   refresh()                         1; automatic refreshes that are due together share one
//   waiting in the queue              1, and 1 for each heartbeat (a sixth of the ttl, 1 s at most;
//                                     fewer far from the front)
//   hand-over                         the release of the previous holder, and one heartbeat
//   held(), safe_until(), fence()     0
//
// Neither movable nor copyable: handlers, threads inside calls and the scheduler refer to this
// object by its address. Put it into a std::unique_ptr to pass it on.
//
// The same without blocking, for coroutines, futures and callbacks: async.hpp.
//
// Example: examples/original_usage.cpp

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/events.hpp"
#include "exclusive_lock/export.hpp"
#include "exclusive_lock/fence.hpp"
#include "exclusive_lock/options.hpp"
#include "exclusive_lock/outcomes.hpp"
#include "exclusive_lock/record.hpp"
#include "exclusive_lock/saturating.hpp"

namespace exclusive_lock {

class EXCLUSIVE_LOCK_API ExclusiveLock {
 public:
  // Throws ValidationError. Does not contact the store.
  explicit ExclusiveLock(Options options);
  // Releases the hold, if there is one (unless Options::detached). Waits at most one command
  // timeout for the store's reply, and for a running event handler of this lock, unless that
  // handler itself destroys the lock.
  ~ExclusiveLock();
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

  // One try, one round trip; blocks for one command timeout (ConnectOptions) at most. True: this
  // object holds the lock.
  bool acquire();
  bool acquire(std::error_code& error);

  // Waits in the queue, first come, first served (G6). True: this object holds the lock. False: the
  // time is over, or a stop was requested. A failure of the store that may pass is waited out; one
  // that lasts until the deadline is thrown. errc::queue_full: Options::queue_limit others wait
  // already.
  //
  // The deadline and the stop bound the whole call, whatever the store does. A request that is not
  // answered by then is given back in the background, and the call returns false. It throws
  // errc::outcome_unknown instead if the deadline has come and the store has answered nothing since
  // the call began, or nothing for a heartbeat (a sixth of the ttl, 1 s at most).
  //
  // A timeout of zero or less, NaN, and a deadline that has passed: one try, as acquire().
  // Infinity, the largest value of a duration type and Instant::max(): no limit. A deadline on
  // another clock is converted when the call begins; a clock that is set afterwards does not move
  // it.
  template <class Rep, class Period>
  bool acquire_for(const std::chrono::duration<Rep, Period>& timeout,
                   const std::stop_token& stop = {}) {
    return acquire_until(deadline_after(timeout), stop);
  }
  template <class Rep, class Period>
  bool acquire_for(const std::chrono::duration<Rep, Period>& timeout, const std::stop_token& stop,
                   std::error_code& error) {
    return acquire_until(deadline_after(timeout), stop, error);
  }
  bool acquire_until(Instant deadline, const std::stop_token& stop = {});
  bool acquire_until(Instant deadline, const std::stop_token& stop, std::error_code& error);
  template <class Clock, class Duration>
  bool acquire_until(const std::chrono::time_point<Clock, Duration>& deadline,
                     const std::stop_token& stop = {}) {
    return acquire_until(deadline_at(deadline), stop);
  }
  template <class Clock, class Duration>
  bool acquire_until(const std::chrono::time_point<Clock, Duration>& deadline,
                     const std::stop_token& stop, std::error_code& error) {
    return acquire_until(deadline_at(deadline), stop, error);
  }

  // Idempotent; no effect if this object does not hold the lock. Neither changes the record of
  // another holder (G3). Each blocks for one command timeout at most. One round trip, none if
  // nothing is held.
  ReleaseOutcome release();
  RefreshOutcome refresh();

  // Part of once() (once.hpp), which most programs should use instead. As release(); in the same
  // atomic step the store records that the work under this hold is done, and keeps that record for
  // `keep_for`: 1 ms to once_for_good. Throws ValidationError. One round trip.
  DoneRelease release_done(OptionMilliseconds keep_for);
  // Keeps the name closed for at least `time` from now on, 0 to 7 days: the record stays until then
  // and no one else gets the lock, even after release(), a loss, or the death of this process. It
  // is also a refresh, and returns the result of one. Nothing is promised unless that is
  // `refreshed`. Throws ValidationError. On `local:` a reboot ends the time.
  RefreshOutcome hold_at_least(OptionMilliseconds time);
  // The last work that release_done() of any worker recorded for this name. None: nothing is
  // recorded, or `keep_for` is over. Throws StoreError. One round trip.
  [[nodiscard]] std::optional<LastDone> last_done() const;

  // The record of this lock, whether this object holds it or not. None: no holder. Throws
  // StoreError. One round trip; blocks for one command timeout at most.
  [[nodiscard]] std::optional<LockRecord> inspect() const;

  // Whether this object holds the lock now: false from safe_until() on, even if every thread of
  // this library is delayed. Wait-free.
  [[nodiscard]] bool held() const noexcept;
  // When held() becomes false unless a refresh comes before. None: not held.
  [[nodiscard]] std::optional<Instant> safe_until() const noexcept;
  // The fencing token of this hold, to be checked at the resource. None: not held.
  [[nodiscard]] std::optional<Fence> fence() const noexcept;
  // "<32 hex>-<16 hex>", as inspect() shows it for this hold. Empty: not held.
  [[nodiscard]] std::string owner() const;
  // A token that is stopped when this hold is lost, not when it is released. Without a hold, it is
  // stopped already. Its callbacks run on threads of the connection, perhaps at the same time as
  // those of other locks: a callback that blocks does not delay the token of another lock.
  [[nodiscard]] std::stop_token lost_token() const;

  [[nodiscard]] const std::string& key() const noexcept;

  // Each call replaces the handler before it; set handlers before acquire(). An exception that
  // leaves a handler is logged. While a handler runs, at most 100 later events of its lock are
  // kept; more are dropped, and their number is logged. Losses are never dropped.
  void on_waiting(std::function<void(const WaitingEvent&)> handler);
  void on_acquired(std::function<void(const AcquiredEvent&)> handler);
  void on_refreshed(std::function<void(const RefreshedEvent&)> handler);
  void on_released(std::function<void(const ReleasedEvent&)> handler);
  void on_lost(std::function<void(const LostEvent&)> handler);
  void on_error(std::function<void(const ErrorEvent&)> handler);

  // The standard's Lockable and TimedLockable requirements, so that std::unique_lock,
  // std::lock_guard and std::scoped_lock work. lock() waits without limit. try_lock() blocks as
  // long as acquire(), try_lock_for() as acquire_for().
  void lock();
  bool try_lock();
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& timeout) {
    return lock_until(deadline_after(timeout));
  }
  template <class Clock, class Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& deadline) {
    return lock_until(deadline_at(deadline));
  }
  void unlock() { release(); }

 private:
  bool lock_until(Instant deadline);

  friend struct LockAccess;  // callbacks.hpp
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace exclusive_lock
