// What is left when an object, a connection or a process goes (G8).

#include <sys/wait.h>
#include <unistd.h>

#include "conformance/api/worker.hpp"
#include "conformance/check.hpp"
#include "core/key_codec.hpp"
#include "exclusive_lock/lock_directory.hpp"

namespace exclusive_lock::conformance {
namespace {

using namespace std::chrono_literals;

void destructor_releases(StoreUnderTest& store) {
  ExclusiveLock other(options_for(store));
  {
    ExclusiveLock lock(options_for(store));
    ASSERT_TRUE(lock.acquire());
    ASSERT_FALSE(other.acquire());
  }
  EXPECT_TRUE(other.acquire());
}

void destructor_of_a_non_holder_releases_nothing(StoreUnderTest& store) {
  ExclusiveLock holder(options_for(store));
  ASSERT_TRUE(holder.acquire());
  {
    ExclusiveLock other(options_for(store));
    EXPECT_FALSE(other.acquire());
  }
  EXPECT_EQ(holder.refresh(), RefreshOutcome::refreshed);
}

void detached_record_stays_for_who_knows_its_owner(StoreUnderTest& store) {
  const auto connection = store.connection();
  std::string owner;
  {
    Options options = options_for(store, connection);
    options.detached = true;
    ExclusiveLock lock(options);
    ASSERT_TRUE(lock.acquire());
    owner = lock.owner();
  }
  ExclusiveLock other(options_for(store, connection));
  EXPECT_FALSE(other.acquire());
  LockDirectory directory(connection, store.prefix());
  EXPECT_EQ(directory.refresh("job", owner, long_lock_ttl), RefreshOutcome::refreshed);
  EXPECT_EQ(directory.release("job", owner), ReleaseOutcome::released);
  EXPECT_TRUE(other.acquire());
}

void detached_record_outlives_its_connection(StoreUnderTest& store) {
  const auto watcher = store.connection();
  {
    Options options = options_for(store);
    options.detached = true;
    ExclusiveLock lock(options);
    ASSERT_TRUE(lock.acquire());
  }
  ExclusiveLock other(options_for(store, watcher));
  EXPECT_FALSE(other.acquire());
}

void nothing_is_left_but_fences(StoreUnderTest& store) {
  {
    ExclusiveLock lock(options_for(store));
    ExclusiveLock other(options_for(store));
    EXPECT_TRUE(lock.acquire());
    EXPECT_FALSE(other.acquire());
    EXPECT_FALSE(other.acquire_for(500ms));
    lock.release();
    EXPECT_TRUE(other.acquire());
  }
  for (const StoredRecord& left : store.everything()) {
    EXPECT_TRUE(is_side_key(left.key)) << left.key;
    EXPECT_TRUE(left.remaining_ttl) << left.key << " stays for ever";
  }
}

// Only what a child of a process with threads may do; the faults it found.
int faults_in_a_child(std::unique_ptr<ExclusiveLock>& lock) {
  enum ChildFault : int {
    holds = 1,
    shows_a_hold = 2,
    releases = 4,
    refreshes = 8,
    acquires = 16,
    inspects = 32
  };
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);  // a call that waits for a thread of the parent never returns
    int faults = 0;
    faults |= lock->held() ? holds : 0;
    faults |= lock->fence() || lock->safe_until() || !lock->owner().empty() ? shows_a_hold : 0;
    faults |= lock->release() == ReleaseOutcome::not_held ? 0 : releases;
    faults |= lock->refresh() == RefreshOutcome::not_held ? 0 : refreshes;
    std::error_code error;
    faults |= lock->acquire(error) || error != errc::connection_closed ? acquires : 0;
    try {
      static_cast<void>(lock->inspect());
      faults |= inspects;
    } catch (const StoreError& closed) {
      faults |= closed.code() == errc::connection_closed ? 0 : inspects;
    }
    lock.reset();  // and its destructor neither releases nor waits
    ::_exit(faults);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -status;
}

void forked_child_holds_nothing(StoreUnderTest& store) {
  auto lock = std::make_unique<ExclusiveLock>(options_for(store));
  ASSERT_TRUE(lock->acquire());
  const auto before = lock->inspect();
  EXPECT_EQ(faults_in_a_child(lock), 0) << "see ChildFault";
  EXPECT_TRUE(lock->held());
  const auto after = lock->inspect();
  ASSERT_TRUE(before && after);
  EXPECT_EQ(before->raw, after->raw);
  EXPECT_EQ(lock->refresh(), RefreshOutcome::refreshed);
  EXPECT_EQ(lock->release(), ReleaseOutcome::released);
}

}  // namespace

Checks leaving_checks() {
  return {{"DestructorReleases", destructor_releases},
          {"DestructorOfANonHolderReleasesNothing", destructor_of_a_non_holder_releases_nothing},
          {"DetachedRecordStaysForWhoKnowsItsOwner", detached_record_stays_for_who_knows_its_owner},
          {"DetachedRecordOutlivesItsConnection", detached_record_outlives_its_connection},
          {"NothingIsLeftButFences", nothing_is_left_but_fences},
          {"ForkedChildHoldsNothing", forked_child_holds_nothing}};
}

Checks all_api_checks() {
  Checks all;
  for (const auto& some : {holding_checks(), showing_checks(), waiting_checks(), queueing_checks(),
                           losing_checks(), telling_checks(), leaving_checks(), async_call_checks(),
                           async_cancelling_checks(), once_checks()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

}  // namespace exclusive_lock::conformance
