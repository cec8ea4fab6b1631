#pragma once
// once(): many workers start the same work, and one run per period is enough.
//
//   const auto outcome = once({.app_name = "nightly", .cache_connection = store}, 1h,
//                             [](ExclusiveLock& lock) { write_report(lock.fence()); });
//
// What it does. once() runs the function under the lock, unless a successful run of this name began
// less than `period` minus `tolerance` ago, by the store's clock. Runs by the command's
// `run --once-per` count as well. A run is successful if the function returns while the hold is
// still valid. The store records that in the same atomic step that releases the lock (G12). A
// function that throws, a lost hold and a crash record nothing, so the next worker runs.
//
// To run something once while the others wait for it, use the period once_for_good and leave
// OnceOptions::wait empty: the first worker runs; each other one waits and returns `skipped`
// when the work is done, or runs it itself when it failed.
//
// How it decides, and what happens when the store's clock is set:
// docs/decisions/0020-once-per-period.md.
//
// Threads. once() blocks and calls the function on the calling thread. Calls may run at the same
// time; those with one name run one after another, also within a process. For coroutines:
// async_once() (async_once.hpp).
//
// Failure. Throws what ExclusiveLock throws, ValidationError for a period or tolerance out of
// range, and what the function throws, after the lock was released.
//
// Cost in round trips: 1 if the run is skipped; else 2, and those of acquiring and releasing.
//
// Example: examples/once_per_period.cpp

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>

#include "exclusive_lock/exclusive_lock.hpp"
#include "exclusive_lock/export.hpp"
#include "exclusive_lock/options.hpp"
#include "exclusive_lock/record.hpp"
#include "exclusive_lock/saturating.hpp"

namespace exclusive_lock {

// The longest period, ten years: the work is not run again unless LockDirectory::forget() deletes
// its record.
inline constexpr std::chrono::milliseconds once_for_good = std::chrono::days(3650);

enum class OnceOutcome {
  ran,           // the function ran, and the run is recorded
  skipped,       // not called: a recent run was successful
  busy,          // not called: another worker held the lock for all of `wait`
  lost,          // the hold was lost before the function returned, or the store did not confirm
                 // min_hold and the function was not called; nothing is recorded
  not_recorded,  // it ran, but the store refused the record; another worker may run it again
  unknown,       // it ran, but the store did not answer; the run may be recorded
};

struct OnceOptions {
  // A run may begin this much earlier than one period after the last one. 0 to the period. None: a
  // tenth of the period.
  std::optional<OptionMilliseconds> tolerance{};
  // How long to wait while another worker runs it. None: no limit. Zero: one try.
  std::optional<OptionMilliseconds> wait{};
  // How long the name stays closed at least, counted from the call of the function; see
  // ExclusiveLock::hold_at_least(). If the store does not confirm it, once() does not call the
  // function and returns `lost`. 0 to 7 days.
  OptionMilliseconds min_hold{0};
  // A stop request ends the wait; once() returns `busy`.
  std::stop_token stop{};
};

// `period`: 1 ms to once_for_good.
EXCLUSIVE_LOCK_API OnceOutcome once(Options lock_options, OptionMilliseconds period,
                                    const std::function<void(ExclusiveLock&)>& work,
                                    const OnceOptions& options = {});

// Parts of once(), for another form of it such as async_once(). The first returns the tolerance
// that applies, or throws the ValidationError of once(). The second returns the outcome of a run
// whose release had that result.
EXCLUSIVE_LOCK_API std::chrono::milliseconds tolerance_or_refuse(OptionMilliseconds period,
                                                                 const OnceOptions& options);
EXCLUSIVE_LOCK_API OnceOutcome once_outcome(const DoneRelease& release);

// The tolerance of once() if none is given.
EXCLUSIVE_LOCK_API std::chrono::milliseconds default_tolerance(OptionMilliseconds period);

// True: the next run must not begin yet, because |age| is less than period minus tolerance. A
// negative age is possible after the store's clock was set back. A record from further in the
// future than that is ignored.
EXCLUSIVE_LOCK_API bool is_done_recently(const LastDone& done, OptionMilliseconds period,
                                         OptionMilliseconds tolerance);

}  // namespace exclusive_lock
