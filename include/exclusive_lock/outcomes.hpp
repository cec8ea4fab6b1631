#pragma once
// The results of the calls of a lock object.

#include <system_error>

namespace exclusive_lock {

// The result of release(). It may be ignored: in each case this object holds nothing afterwards.
enum class ReleaseOutcome {
  released,  // the record is gone
  not_held,  // nothing was held, or the hold was lost before. The store was not asked, or it has
             // the record of another holder
  unknown,   // the store did not answer; the record is gone within one ttl at the latest
};

// The result of release_done(). The work is recorded as done if `outcome` is `released` and
// `not_recorded` is empty. If `outcome` is `unknown`, it may be recorded.
struct DoneRelease {
  ReleaseOutcome outcome = ReleaseOutcome::not_held;
  std::error_code not_recorded{};  // why the store released the lock but did not record the work
};

// The result of refresh(). It may be ignored: held() and the lost token report a loss, too.
enum class RefreshOutcome {
  refreshed,
  not_held,  // nothing to refresh
  lost,      // the record is gone or belongs to another holder; the hold is over
  unknown,   // the store did not answer; the hold lasts until safe_until() and is refreshed again
};

}  // namespace exclusive_lock
