// A copy of a process that holds a lock, made so that nothing but the kernel knows of it.

#include <gtest/gtest.h>

#include <memory>

#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "live/raw_clone.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {
namespace {

enum CopyFault : int {
  held = 1,
  released = 2,
  refreshed = 4,
  acquired = 8,
  no_lock = 16,
  gone = 32
};

int faults_of_a_copy(std::unique_ptr<ExclusiveLock>& lock) {
  int faults = 0;
  faults |= lock->held() ? CopyFault::held : 0;
  faults |= lock->refresh() == RefreshOutcome::not_held ? 0 : CopyFault::refreshed;
  std::error_code error;
  faults |= lock->acquire(error) || error != errc::connection_closed ? CopyFault::acquired : 0;
  faults |= lock->release() == ReleaseOutcome::not_held ? 0 : CopyFault::released;
  lock.reset();
  return faults;
}

// A process that holds a lock makes a copy of itself, which lets go of all that it has.
int hold_and_copy(const std::string& url, unsigned long flags) {
  auto lock = std::make_unique<ExclusiveLock>(
      Options{.app_name = "copied", .cache_connection = connect(url)});
  if (!lock->acquire())
    return CopyFault::no_lock;
  const int faults = run_in_clone(flags, [&] { return faults_of_a_copy(lock); });
  if (faults != 0)
    return faults;
  return lock->refresh() == RefreshOutcome::refreshed ? 0 : CopyFault::gone;
}

TEST(ProcessCopy, CloneWithTheSamePidHoldsNothingAndReleasesNothing) {
  const TemporaryDirectory directory;
  const std::string url = "local://" + directory.path().string();
  const int result = run_in_clone(CLONE_NEWPID, [&] { return hold_and_copy(url, CLONE_NEWPID); });
  if (result == not_permitted)
    GTEST_SKIP() << "this user may not make pid namespaces";
  EXPECT_EQ(result, 0) << "see CopyFault";
}

TEST(ProcessCopy, CloneHoldsNothingAndReleasesNothing) {
  const TemporaryDirectory directory;
  const std::string url = "local://" + directory.path().string();
  EXPECT_EQ(run_in_clone(0, [&] { return hold_and_copy(url, 0); }), 0) << "see CopyFault";
}

}  // namespace
}  // namespace exclusive_lock::live
