#pragma once
// ExclusiveLock: many workers, on one machine or on thousands, agree that exactly one of them does
// a thing.
//
//   exclusive_lock::ExclusiveLock lock({.app_name = "nightly-report", .cache_connection = store});
//   if (lock.acquire()) write_report(lock.fence());
//
// What it is. A record with a time to live in a store. Whoever wrote it holds the lock, refreshes
// it while it lives, and believes in it only until safe_until(): a bit less than one ttl after the
// last request that the store confirmed was *sent* (G1). What is guaranteed, and what no such lock
// can: docs/guarantees.md.
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
// A hold that was lost is idle: a new one is a new acquire() with a new fence, and the lost one
// never comes back (G5).
//
// acquire() and lock() differ in one thing. acquire() asks "does this object hold it?", as the
// original does: where it does already, the answer is yes, with a warning in the log. lock(),
// try_lock() and their kin are a mutex: where this object holds the lock already, another thread of
// it waits, or hears no.
//
// Threads. Every member may be called from any thread at any time, except that destruction must not
// run beside other calls. Event handlers run on one thread of the connection, in order, with no
// lock of this library held: they may call anything here, release() included. They should be short:
// later events wait for them, refreshes do not.
//
// Failure. Store trouble throws StoreError from the acquire family and inspect(), or is put into
// the error_code given. No call says true without holding. release() and refresh() never throw for
// it: their outcome `unknown` says that the store did not answer; release() goes on trying in the
// background. Any acquire that gave up, by exception or by timeout, leaves nothing behind beyond
// one ttl (G4).
//
// Cost, in round trips: acquire 1, waiting 1 and a sixth of a ttl apart one more each, a hand-over
// the release's own one, refresh 1 (shared by all holds that are due), release 1, inspect
// 1, held(), safe_until(), fence() none.
//
// Neither movable nor copyable: handlers, threads inside calls and the scheduler refer to this
// object by its address. Put it into a std::unique_ptr to hand it on.
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
#include "exclusive_lock/record.hpp"
#include "exclusive_lock/saturating.hpp"

namespace exclusive_lock {

// The answer to release(). It may be dropped: whatever it is, this object holds nothing afterwards.
enum class ReleaseOutcome {
  released,  // the record is gone
  not_held,  // nothing was held, or it was lost before; the store was not asked, or had another's
             // record
  unknown,   // the store did not answer; the record is gone within one ttl at the latest
};

// The answer to release_done(). The work is recorded as done where `outcome` is released and
// `not_recorded` says nothing; unknown: it may be.
struct DoneRelease {
  ReleaseOutcome outcome = ReleaseOutcome::not_held;
  std::error_code not_recorded{};  // released, but the store refused the record, and this is why
};

// The answer to refresh(). It may be dropped: held() and the lost token tell the same.
enum class RefreshOutcome {
  refreshed,
  not_held,  // nothing to refresh
  lost,      // the record is gone or somebody else's; the hold is over
  unknown,   // not answered; the hold goes on until safe_until() and may be refreshed yet
};

class EXCLUSIVE_LOCK_API ExclusiveLock {
 public:
  // Throws ValidationError. Does not talk to the store.
  explicit ExclusiveLock(Options options);
  // Releases what is held (unless Options::detached). Waits for the store's answer at most one
  // command timeout and for a running event handler of this lock, unless called from that handler.
  ~ExclusiveLock();
  ExclusiveLock(const ExclusiveLock&) = delete;
  ExclusiveLock& operator=(const ExclusiveLock&) = delete;

  // One try, one round trip; blocks for one command timeout (ConnectOptions) at most. True: this
  // object holds the lock.
  bool acquire();
  bool acquire(std::error_code& error);

  // Waits in the queue, first come, first served (G6), until it holds the lock, the time is over or
  // a stop is requested; false in the latter two. Passing failures of the store are waited out;
  // where the time ends in one, it is thrown. Where Options::queue_limit others wait already:
  // errc::queue_full.
  //
  // The deadline and the stop bound the whole call, whatever the store does: a request that is not
  // answered by then is given back in the background. False, then; but errc::outcome_unknown is
  // thrown where the deadline came and the store had answered nothing since the call, or nothing
  // for a heartbeat (a sixth of the ttl, 1 s at most). Zero, less, NaN or a deadline that has
  // passed: one try, as acquire(). What no clock reaches (infinity, the largest value of a type,
  // Instant::max()): no limit. A deadline on another clock is as far off as it is on that clock
  // now.
  template <class Rep, class Period>
  bool acquire_for(const std::chrono::duration<Rep, Period>& patience,
                   const std::stop_token& stop = {}) {
    return acquire_until(deadline_after(patience), stop);
  }
  template <class Rep, class Period>
  bool acquire_for(const std::chrono::duration<Rep, Period>& patience, const std::stop_token& stop,
                   std::error_code& error) {
    return acquire_until(deadline_after(patience), stop, error);
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

  // Idempotent; nothing happens where this object does not hold the lock. Never touches another's
  // record (G3). Each blocks for one command timeout at most; one round trip, none where nothing is
  // held.
  ReleaseOutcome release();
  RefreshOutcome refresh();

  // For once() (once.hpp), which is what most programs want. As release(), and in the same step the
  // store records that the work under this hold is done, for `keep_for`: 1 ms to once_for_good.
  // Throws ValidationError. One round trip.
  DoneRelease release_done(OptionMilliseconds keep_for);
  // From now on the name stays closed for at least `time`, 0 to 7 days: also after release(), a
  // loss, or the death of this process, the record stays until then, and nobody gets the lock. A
  // refresh otherwise, and answered as one; until it is answered `refreshed`, nothing is promised.
  // Throws ValidationError. On `local:` a reboot ends it.
  RefreshOutcome hold_at_least(OptionMilliseconds time);
  // What release_done() recorded last, whoever called it and whoever holds the lock now. None:
  // nothing, or its time is over. Throws StoreError. One round trip.
  [[nodiscard]] std::optional<LastDone> last_done() const;

  // What anyone can see of this lock, holder or not. None: nobody holds it. Throws StoreError. One
  // round trip; blocks for one command timeout at most.
  [[nodiscard]] std::optional<LockRecord> inspect() const;

  // The answer as of now: false from safe_until() on, whatever any thread of this library is doing.
  // Wait-free.
  [[nodiscard]] bool held() const noexcept;
  // Until when held() stays true without another refresh. None: not held.
  [[nodiscard]] std::optional<Instant> safe_until() const noexcept;
  // The fencing token of this hold, to be checked at the resource. None: not held.
  [[nodiscard]] std::optional<Fence> fence() const noexcept;
  // "<32 hex>-<16 hex>", as inspect() shows it for this hold. Empty: not held.
  [[nodiscard]] std::string owner() const;
  // Stops when this hold is lost (not when it is released). Without a hold: a token that is stopped
  // already. Callbacks run on threads of the connection, those of different locks perhaps at the
  // same time: one that blocks delays no other lock's token.
  [[nodiscard]] std::stop_token lost_token() const;

  [[nodiscard]] const std::string& key() const noexcept;

  // Handlers replace one another; set them before acquire(). An exception that leaves one is
  // logged. Behind one that does not return, at most 100 events of a lock wait; those beyond are
  // dropped and counted in the log, but for losses.
  void on_waiting(std::function<void(const WaitingEvent&)> handler);
  void on_acquired(std::function<void(const AcquiredEvent&)> handler);
  void on_refreshed(std::function<void(const RefreshedEvent&)> handler);
  void on_released(std::function<void(const ReleasedEvent&)> handler);
  void on_lost(std::function<void(const LostEvent&)> handler);
  void on_error(std::function<void(const ErrorEvent&)> handler);

  // The standard's Lockable and TimedLockable requirements, so that std::unique_lock,
  // std::lock_guard and std::scoped_lock work. lock() has no limit; what bounds the others is what
  // bounds acquire() and acquire_for().
  void lock();
  bool try_lock();
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& patience) {
    return lock_until(deadline_after(patience));
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
