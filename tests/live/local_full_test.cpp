// A full disk and a failing one (docs/failure_modes.md, 47): the error says so, nothing is half
// done, and a hold can be released.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <vector>

#include "live/local_requester.hpp"
#include "live/local_worker_process.hpp"
#include "live/sqlite_disk.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// What SQLite's writes meet in this process.
enum class Disk { good, cannot_grow, broken };
std::atomic<Disk> disk = Disk::good;
std::atomic<int> error_when_full = ENOSPC;

int error_of_write(bool grows) {
  switch (disk.load()) {
    case Disk::good:
      return 0;
    case Disk::cannot_grow:
      return grows ? error_when_full.load() : 0;
    case Disk::broken:
      return EIO;
  }
  return 0;
}

class LocalDisk : public testing::Test {
 protected:
  LocalDisk() { failure_sqlite_writes(&error_of_write); }
  ~LocalDisk() override {
    disk = Disk::good;
    heal_sqlite_writes();
  }

  // Acquires locks until the disk is full.
  StoreFailure fill() {
    disk = Disk::cannot_grow;
    for (int i = 0; i < 100'000; ++i) {
      const auto answer = requester_.attempt_now(
          {.key = "filler" + std::to_string(i), .contents = '"' + std::string(3000, 'x') + '"'});
      if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
        return *failure;
      }
      held_ = i + 1;
    }
    ADD_FAILURE() << "the disk never was full";
    return {};
  }

  TemporaryDirectory directory_;
  LocalRequester requester_{directory_.path()};
  std::size_t held_ = 0;
};

TEST_F(LocalDisk, FullOneIsTold) {
  LocalWish wish;
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
  const StoreFailure failure = fill();
  EXPECT_EQ(failure.code, errc::store_full);
  EXPECT_FALSE(failure.may_have_run);
  EXPECT_THAT(failure.message, HasSubstr(directory_.path().string()));
  EXPECT_THAT(failure.message, HasSubstr("Free some space"));
  EXPECT_EQ(requester_.list("filler").records.size(), held_) << "what was refused left nothing";
}

TEST_F(LocalDisk, OverQuotaIsFullToo) {
  LocalWish wish;
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
  error_when_full = EDQUOT;
  const StoreFailure failure = fill();
  error_when_full = ENOSPC;
  EXPECT_EQ(failure.code, errc::store_full);
  EXPECT_FALSE(failure.may_have_run);
}

TEST_F(LocalDisk, HeldLocksAreRefreshedAndReleasedOnAFullOne) {
  LocalWish wish;
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(fill().code, errc::store_full);
  for (int i = 0; i < 100; ++i) {  // many times the length of the log
    ASSERT_EQ(requester_.refresh(wish), RefreshReplyStatus::refreshed) << i;
  }
  EXPECT_EQ(requester_.release(wish), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester_.inspect(wish.key));
  EXPECT_EQ(integrity_of(directory_.path()), "ok");
}

// What many acquires have added is in the log still when the disk is full, and must fit into the
// file, or the log is never copied back.
TEST_F(LocalDisk, LongLogIsCopiedBackOnAFullOne) {
  std::vector<LocalWish> held;
  for (int i = 0; i < 400; ++i) {
    held.push_back({.key = "job" + std::to_string(i)});
    ASSERT_EQ(requester_.attempt(held.back()).outcome, AttemptReplyStatus::granted);
  }
  disk = Disk::cannot_grow;
  for (int i = 0; i < 2000; ++i) {
    ASSERT_EQ(requester_.refresh(held[0]), RefreshReplyStatus::refreshed) << i;
  }
  for (const LocalWish& each : held) {
    ASSERT_EQ(requester_.release(each), ReleaseReplyStatus::released) << each.key;
  }
  EXPECT_EQ(integrity_of(directory_.path()), "ok");
}

// G12. Each mark needs room of its own, until there is none; each lock is released all the same.
TEST_F(LocalDisk, MarkWithoutRoomIsReportedAndTheLockIsReleased) {
  std::vector<LocalWish> held;
  for (int i = 0; i < 400; ++i) {
    held.push_back({.key = "job" + std::to_string(i)});
    ASSERT_EQ(requester_.attempt(held.back()).outcome, AttemptReplyStatus::granted);
  }
  disk = Disk::cannot_grow;
  std::size_t refused = 0;
  for (const LocalWish& each : held) {
    const ReleaseReply reply = requester_.release_done(each, Milliseconds(3'600'000));
    EXPECT_EQ(reply.verdict, ReleaseReplyStatus::released);
    EXPECT_FALSE(requester_.inspect(each.key)) << "the lock is free";
    EXPECT_EQ(requester_.has_mark(each.key), reply.mark_failure == nullptr)
        << "what is said is true";
    if (reply.mark_failure) {
      ++refused;
      EXPECT_EQ(reply.mark_failure->code, errc::store_full);
      EXPECT_THAT(reply.mark_failure->message, HasSubstr("Free some space"));
    }
  }
  EXPECT_GT(refused, 0U) << "the disk never was full";
  disk = Disk::good;
  ASSERT_EQ(requester_.attempt({.key = "job0", .owner = held[0].owner}).outcome,
            AttemptReplyStatus::granted);
  EXPECT_FALSE(requester_.release_done(held[0], Milliseconds(1000)).mark_failure);
  EXPECT_EQ(integrity_of(directory_.path()), "ok");
}

// The hand-over writes where the entry was.
TEST_F(LocalDisk, LockIsHandedOverOnAFullOne) {
  LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  LocalWish first{.wait_options = long_wait};
  LocalWish second{.wait_options = long_wait};
  ASSERT_EQ(requester_.attempt(first).outcome, AttemptReplyStatus::waiting);
  ASSERT_EQ(requester_.attempt(second).outcome, AttemptReplyStatus::waiting);
  disk = Disk::cannot_grow;
  const auto answer = requester_.attempt_now(
      {.key = "too long", .contents = '"' + std::string(100'000, 'x') + '"'});
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
  ASSERT_EQ(std::get<StoreFailure>(answer).code, errc::store_full);
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(requester_.heartbeat(second).outcome, HeartbeatReplyStatus::waiting) << i;
  }
  EXPECT_EQ(requester_.release(held), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.heartbeat(first).outcome, HeartbeatReplyStatus::granted);
  EXPECT_EQ(requester_.release(first), ReleaseReplyStatus::released);
  EXPECT_EQ(requester_.release(second), ReleaseReplyStatus::released);
  EXPECT_FALSE(requester_.inspect(held.key));
  EXPECT_EQ(integrity_of(directory_.path()), "ok");
}

TEST_F(LocalDisk, QueueThatDoesNotFitIsToldAndNobodyHalfEnters) {
  LocalWish held;
  ASSERT_EQ(requester_.attempt(held).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(fill().code, errc::store_full);
  std::size_t waiting = 0;
  StoreFailure failure;
  while (failure.code != errc::store_full && waiting < 10'000) {
    const auto answer = requester_.attempt_now(
        {.contents = '"' + std::string(3000, 'x') + '"', .wait_options = long_wait});
    if (const auto* refused = std::get_if<StoreFailure>(&answer)) {
      failure = *refused;
    } else {
      ++waiting;
    }
  }
  EXPECT_EQ(failure.code, errc::store_full);
  EXPECT_FALSE(failure.may_have_run);
  EXPECT_EQ(requester_.inspect(held.key)->waiting, waiting);
  EXPECT_EQ(integrity_of(directory_.path()), "ok");
}

TEST_F(LocalDisk, WithSpaceAgainItGoesOn) {
  LocalWish wish;
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(fill().code, errc::store_full);
  disk = Disk::good;
  EXPECT_EQ(requester_.attempt({.key = "next"}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(integrity_of(directory_.path()), "ok");
}

TEST_F(LocalDisk, BrokenOneIsToldAndNothingIsHalfDone) {
  LocalWish wish;
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
  disk = Disk::broken;
  for (const auto& answer :
       {requester_.attempt_now({.key = "other"}), requester_.attempt_now({})}) {
    if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
      EXPECT_EQ(failure->code, errc::store_unavailable);
    } else {
      EXPECT_EQ(std::get<AttemptReply>(answer).outcome, AttemptReplyStatus::busy)
          << "the look needs no write";
    }
  }
  EXPECT_TRUE(std::holds_alternative<StoreFailure>(requester_.release_now(wish)));
  const LocalWish waiter{.wait_options = long_wait};
  for (const bool is_told :
       {std::holds_alternative<StoreFailure>(requester_.attempt_now(waiter)),
        std::holds_alternative<StoreFailure>(requester_.heartbeat_now(waiter)) ||
            std::get<HeartbeatReply>(requester_.heartbeat_now(waiter)).outcome ==
                HeartbeatReplyStatus::gone}) {
    EXPECT_TRUE(is_told) << "nobody waits on it without knowing";
  }
  disk = Disk::good;
  EXPECT_TRUE(requester_.inspect(wish.key));
  EXPECT_FALSE(requester_.inspect("other"));
  EXPECT_EQ(requester_.release(wish), ReleaseReplyStatus::released);
}

TEST_F(LocalDisk, NoStoreIsMadeOnAFullOne) {
  disk = Disk::cannot_grow;
  const auto path = directory_.path() / "new";
  try {
    const LocalRequester requester(path);
    ADD_FAILURE() << "opened";
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), errc::store_full) << error.what();
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(path))) {
    EXPECT_EQ(entry.path().filename(), "holders") << "nothing half made is left";
  }
  disk = Disk::good;
  LocalRequester requester(path);
  EXPECT_EQ(requester.attempt({}).outcome, AttemptReplyStatus::granted);
}

// The kernel's own refusal, in a process of its own: a limit on the size of files. The signal that
// comes with it would end the process.
TEST(LocalLimit, FullFilesAreToldAndHeldLocksReleased) {
  const TemporaryDirectory directory;
  LocalWorker worker(directory.path(), {"fill", "job"});
  ASSERT_THAT(worker.line(), StartsWith("fence "));
  std::string line = worker.line();
  EXPECT_THAT(line, HasSubstr("ulimit -f"));
  EXPECT_EQ(worker.wait(), 0);
  EXPECT_EQ(integrity_of(directory.path()), "ok");
}

}  // namespace
}  // namespace exclusive_lock::live
