// Memory runs out (docs/failure_modes.md, 39): the n-th allocation of the calling thread fails, for
// each n. A program of its own, because it replaces `operator new`.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>

#include "exclusive_lock/exclusive_lock.hpp"
#include "exclusive_lock/lock_directory.hpp"
#include "live/comes_true.hpp"
#include "live/temporary_directory.hpp"

namespace {

constexpr long without_end = std::numeric_limits<long>::max();
// How many allocations of this thread are carried out before the next one fails, once.
thread_local long allocations_left = without_end;

void* allocate(std::size_t size) {
  if (allocations_left != without_end && allocations_left-- == 0) {
    allocations_left = without_end;
    throw std::bad_alloc();
  }
  void* const memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace exclusive_lock::faults {
namespace {

using namespace std::chrono_literals;

// Carries out `call` while the allocation after `spared` others fails. None: there were no more
// than that. True: what failed was told.
std::optional<bool> told_without_memory(long spared, const std::function<void()>& call) {
  bool is_told = false;
  allocations_left = spared;
  try {
    call();
  } catch (const std::bad_alloc&) {
    is_told = true;
  } catch (const StoreError&) {
    is_told = true;
  }
  const bool has_failed = allocations_left == without_end;
  allocations_left = without_end;
  return has_failed ? std::optional(is_told) : std::nullopt;
}

class NoMemory : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] std::unique_ptr<ExclusiveLock> lock_on(const std::string& name) const {
    Options options;
    options.app_name = name;
    options.cache_connection = connection;
    options.lock_ttl = 20s;  // longer than any step on a busy machine
    options.lock_refresh = 100ms;
    return std::make_unique<ExclusiveLock>(options);
  }

  // For each allocation of `call` that can fail, on a lock of its own: the lock works afterwards,
  // and so does the next one's of the same name.
  void try_all(const std::function<void(ExclusiveLock&)>& before,
               const std::function<void(ExclusiveLock&)>& call,
               const std::function<void(ExclusiveLock&, bool is_told)>& after) {
    long spared = 0;
    for (bool has_failed = true; has_failed; ++spared) {
      SCOPED_TRACE("after " + std::to_string(spared) + " allocations");
      const std::string name = "job" + std::to_string(spared);
      const auto lock = lock_on(name);
      before(*lock);
      const auto told = told_without_memory(spared, [&] { call(*lock); });
      has_failed = told.has_value();
      after(*lock, told.value_or(false));
      static_cast<void>(lock->release());
      ASSERT_TRUE(lock->acquire_for(1min));
      ASSERT_TRUE(lock->held());
      ASSERT_EQ(lock->release(), ReleaseOutcome::released);
      ASSERT_TRUE(lock_on(name)->acquire_for(1min)) << "no record is left longer than its ttl";
    }
    EXPECT_GT(spared, 3) << "the failures have met nobody";
  }

  live::TemporaryDirectory directory;
  [[nodiscard]] std::string url() const {
    return GetParam() == "memory" ? "memory:" : "local://" + directory.path().string();
  }
  std::shared_ptr<Connection> connection = connect(url());
};

void is_held_unless_told(const ExclusiveLock& lock, bool is_told) {
  EXPECT_NE(lock.held(), is_told) << "whoever was told of a failure does not think of a release";
}

TEST_P(NoMemory, DuringAcquireIsToldAndTheLockWorksAfterwards) {
  try_all([](ExclusiveLock&) {}, [](ExclusiveLock& lock) { ASSERT_TRUE(lock.acquire()); },
          is_held_unless_told);
}

TEST_P(NoMemory, DuringAPatientAcquireIsToldAndTheLockWorksAfterwards) {
  try_all([](ExclusiveLock&) {}, [](ExclusiveLock& lock) { ASSERT_TRUE(lock.acquire_for(1min)); },
          is_held_unless_told);
}

TEST_P(NoMemory, DuringRefreshIsToldAndTheHoldGoesOn) {
  std::atomic<int> refreshes = 0;
  try_all(
      [&](ExclusiveLock& lock) {
        lock.on_refreshed([&](const RefreshedEvent&) { ++refreshes; });
        ASSERT_TRUE(lock.acquire());
      },
      [](ExclusiveLock& lock) { static_cast<void>(lock.refresh()); },
      [&](ExclusiveLock& lock, bool) {
        EXPECT_TRUE(lock.held());
        const int enough = refreshes + 3;  // two may be on their way to the handler
        EXPECT_TRUE(live::comes_true([&] { return refreshes >= enough; })) << "by itself";
      });
}

TEST_P(NoMemory, DuringReleaseIsToldAndTheLockWorksAfterwards) {
  try_all([](ExclusiveLock& lock) { ASSERT_TRUE(lock.acquire()); },
          [](ExclusiveLock& lock) { static_cast<void>(lock.release()); },
          [](ExclusiveLock& lock, bool is_told) { EXPECT_TRUE(is_told || !lock.held()); });
}

// Refreshes of one connection go out together: one that failed half-way must leave no trace in the
// next, where its lock would get the verdict of another (G1).
TEST_P(NoMemory, DuringRefreshOfOneLockLeavesAnotherItsOwnVerdict) {
  bool has_failed = true;
  for (long spared = 0; has_failed; ++spared) {
    SCOPED_TRACE("after " + std::to_string(spared) + " allocations");
    connection = connect(url());  // which has no memory for a request yet
    Options options;
    options.cache_connection = connection;
    options.lock_ttl = 1min;
    options.auto_refresh = false;
    options.app_name = "first";
    ExclusiveLock first(options);
    options.app_name = "second";
    ExclusiveLock second(options);
    ASSERT_TRUE(first.acquire());
    ASSERT_TRUE(second.acquire());
    LockDirectory directory(connection);
    ASSERT_TRUE(directory.force_release(directory.inspect("second").value()));
    has_failed =
        told_without_memory(spared, [&] { static_cast<void>(first.refresh()); }).has_value();
    ASSERT_EQ(second.refresh(), RefreshOutcome::lost);
    ASSERT_EQ(first.refresh(), RefreshOutcome::refreshed);
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, NoMemory, testing::Values("memory", "local"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace exclusive_lock::faults
