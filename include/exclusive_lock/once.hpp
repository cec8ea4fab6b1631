#pragma once
// Once per period: many workers start the same work, and one run of it is enough.
//
//   const auto outcome = once({.app_name = "nightly", .cache_connection = store}, 1h,
//                             [](ExclusiveLock& lock) { write_report(lock.fence()); });
//
// What it does. It runs the function under the lock, unless a run of this name by once() (or by the
// command's `run --once-per`) that succeeded began less than `period` minus `tolerance` ago, by the
// store's clock alone. A run succeeded where the function returned and the hold was still safe
// then; that is recorded in the same atomic step in which the lock is released (G12). A function
// that throws, a hold that is lost and a crash record nothing, so that the next worker runs.
//
// Run once, others wait for it: period once_for_good and no patience given. Whoever comes first
// runs; the others wait, and return `skipped` when it is done, or run it themselves when it failed.
//
// How it decides, and what a store's clock that is set does:
// docs/decisions/0020-once-per-period.md.
//
// Threads. once() blocks, and runs the function on the calling thread. Calls may run at the same
// time; those of one name take turns, also within a process. For coroutines: async_once()
// (async_once.hpp).
//
// Failure. Throws what ExclusiveLock throws, ValidationError for a period or tolerance out of
// range, and what the function throws, after the lock was released.
//
// Cost in round trips: 1 where it is skipped; else 2 looks, and those of acquiring and releasing.
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

// The longest period, ten years: what was done is done, until somebody forgets it
// (LockDirectory::forget).
inline constexpr std::chrono::milliseconds once_for_good = std::chrono::days(3650);

enum class OnceOutcome {
  ran,           // and it is recorded
  skipped,       // it was done recently enough; the function was not called
  busy,          // somebody else held the lock for all of `patience`; not called
  lost,          // the hold was lost before it returned, or min_hold was not confirmed and it was
                 // not called: nothing is recorded
  not_recorded,  // it ran, but the store refused the record: another worker may run it again
  unknown,       // it ran, but the store did not answer: it may be recorded
};

struct OnceOptions {
  // How much earlier than a whole period after the last run a run may begin. None: a tenth of the
  // period. 0 to the period.
  std::optional<OptionMilliseconds> tolerance{};
  // How long to wait for somebody else who runs it. None: as long as it takes. Zero: one try.
  std::optional<OptionMilliseconds> patience{};
  // The name stays closed for at least so long after the function has begun: ExclusiveLock::
  // hold_at_least(). Where that is not answered, the function is not called and `lost` comes back.
  OptionMilliseconds min_hold{0};
  // Ends the wait, as `busy`.
  std::stop_token stop{};
};

// `period`: 1 ms to once_for_good.
EXCLUSIVE_LOCK_API OnceOutcome once(Options lock_options, OptionMilliseconds period,
                                    const std::function<void(ExclusiveLock&)>& work,
                                    const OnceOptions& options = {});

// For who writes a once() of another kind, as async_once() is one: the tolerance that once() would
// have, or its ValidationError; and what became of a run whose release was answered so.
EXCLUSIVE_LOCK_API std::chrono::milliseconds tolerance_or_refuse(OptionMilliseconds period,
                                                                 const OnceOptions& options);
EXCLUSIVE_LOCK_API OnceOutcome once_outcome(const DoneRelease& release);

// The tolerance that once() has where none is given.
EXCLUSIVE_LOCK_API std::chrono::milliseconds default_tolerance(OptionMilliseconds period);

// Whether the next run may not begin yet: |age| is less than period minus tolerance. An age below 0
// is that of a record from before the store's clock was set back; one from further in the future
// than that is not believed.
EXCLUSIVE_LOCK_API bool is_done_recently(const LastDone& done, OptionMilliseconds period,
                                         OptionMilliseconds tolerance);

}  // namespace exclusive_lock
