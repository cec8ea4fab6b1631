// The death of a holder is detected at once, and nothing else counts as its death
// (docs/failure_modes.md, 51 and 52; G1).

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <string>

#include "live/job_key.hpp"
#include "live/local_requester.hpp"
#include "live/local_worker_process.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
using ::testing::StartsWith;

class LocalHolder : public testing::Test {
 protected:
  [[nodiscard]] AttemptReplyStatus attempt() { return requester_.attempt({}).outcome; }

  TemporaryDirectory directory_;
  LocalRequester requester_{directory_.path()};
};

TEST_F(LocalHolder, LiveProcessKeepsItsLock) {
  LocalWorker worker(directory_.path(), {"hold", key});
  ASSERT_THAT(worker.line(), StartsWith("fence "));
  EXPECT_EQ(attempt(), AttemptReplyStatus::busy);
  EXPECT_TRUE(requester_.inspect(key));
}

TEST_F(LocalHolder, KilledProcessHoldsNothing) {
  LocalWorker worker(directory_.path(), {"hold", key});
  ASSERT_THAT(worker.line(), StartsWith("fence "));
  worker.kill();
  worker.wait();
  EXPECT_FALSE(requester_.inspect(key));
  EXPECT_TRUE(requester_.list(key).records.empty());
  EXPECT_EQ(attempt(), AttemptReplyStatus::granted) << "ten minutes before its ttl";
}

TEST_F(LocalHolder, StoppedProcessKeepsItsLock) {
  LocalWorker worker(directory_.path(), {"hold", key});
  ASSERT_THAT(worker.line(), StartsWith("fence "));
  worker.kill(SIGSTOP);
  EXPECT_EQ(attempt(), AttemptReplyStatus::busy) << "the ttl decides";
}

TEST_F(LocalHolder, ProcessThatEndedHoldsNothing) {
  LocalWorker worker(directory_.path(), {"hold", key});
  ASSERT_THAT(worker.line(), StartsWith("fence "));
  worker.let_go();
  EXPECT_EQ(worker.wait(), 0);
  EXPECT_EQ(attempt(), AttemptReplyStatus::granted);
}

TEST_F(LocalHolder, DetachedRecordOutlivesItsProcess) {
  LocalWorker worker(directory_.path(), {"detached", key});
  ASSERT_THAT(worker.line(), StartsWith("fence "));
  worker.kill();
  worker.wait();
  EXPECT_TRUE(requester_.inspect(key));
  EXPECT_EQ(attempt(), AttemptReplyStatus::busy);
}

// A child of fork() without exec keeps the parent's lock on the byte: then the ttl decides.
TEST_F(LocalHolder, ForkedChildKeepsTheLockOfItsParent) {
  LocalWorker worker(directory_.path(), {"fork", key});
  ASSERT_THAT(worker.line(), StartsWith("fence "));
  ASSERT_NE(worker.line(), "") << "it never forked";
  worker.kill();
  worker.wait();
  EXPECT_EQ(attempt(), AttemptReplyStatus::busy);
  worker.let_go();
  // The child has the other end of this pipe; when it is gone, so is the child's descriptor.
  EXPECT_EQ(worker.line(), "");
  const Instant give_up = BootClock::now() + 10s;
  while (attempt() == AttemptReplyStatus::busy && BootClock::now() < give_up) {
  }
  EXPECT_TRUE(requester_.inspect(key)) << "ours, now that the child is gone";
}

TEST_F(LocalHolder, ClosingFreesWhatAForkedChildShares) {
  LocalRequester other(directory_.path());
  ASSERT_EQ(other.attempt({}).outcome, AttemptReplyStatus::granted);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {  // lives until the parent closes its end
    char byte = 0;
    ::close(ends[1]);
    ::_exit(::read(ends[0], &byte, 1) == 0 ? 0 : 1);
  }
  EXPECT_EQ(attempt(), AttemptReplyStatus::busy);
  other.store().close();
  EXPECT_EQ(attempt(), AttemptReplyStatus::granted);
  ::close(ends[1]);
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(LocalHolder, ClosedStoreHoldsNothing) {
  LocalRequester other(directory_.path());
  ASSERT_EQ(other.attempt({}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(attempt(), AttemptReplyStatus::busy) << "another store of the same process lives too";
  other.store().close();
  EXPECT_EQ(attempt(), AttemptReplyStatus::granted);
}

TEST_F(LocalHolder, DestroyedStoreHoldsNothing) {
  LocalRequester other(directory_.path());
  ASSERT_EQ(other.attempt({}).outcome, AttemptReplyStatus::granted);
  other.forget();
  EXPECT_EQ(attempt(), AttemptReplyStatus::granted);
}

// The classic trap of POSIX locks.
TEST_F(LocalHolder, ClosingAnotherDescriptorFreesNothing) {
  LocalWorker worker(directory_.path(), {"hold", key});
  ASSERT_THAT(worker.line(), StartsWith("fence "));
  ASSERT_EQ(requester_.attempt({.key = "other"}).outcome, AttemptReplyStatus::granted);
  const int fd = ::open((folder_of(directory_.path()) / "holders").c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ::close(fd);
  LocalRequester third(directory_.path());
  EXPECT_EQ(third.attempt({.key = "other"}).outcome, AttemptReplyStatus::busy);
}

TEST_F(LocalHolder, TakenOverRecordBelongsToTheNewStore) {
  LocalRequester other(directory_.path());
  LocalWish wish;
  ASSERT_EQ(other.attempt(wish).outcome, AttemptReplyStatus::granted);
  ++wish.owner.ticket;
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
  other.forget();
  EXPECT_EQ(requester_.refresh(wish), RefreshReplyStatus::refreshed);
}

// Every call on that name would fail.
TEST_F(LocalHolder, IdThatNoStoreHasIsDead) {
  constexpr auto limits = std::numeric_limits<std::int64_t>{};
  for (const std::int64_t id : {std::int64_t{-1}, limits.min(), std::int64_t{0}, limits.max()}) {
    SCOPED_TRACE(id);
    const std::string name = "job" + std::to_string(id);
    const LocalWish first{.key = name};
    const LocalWish second{.key = name, .wait_options = long_wait};
    ASSERT_EQ(requester_.attempt(first).outcome, AttemptReplyStatus::granted);
    ASSERT_EQ(requester_.attempt(second).outcome, AttemptReplyStatus::waiting);
    Database(folder_of(directory_.path()) / "locks.db")
        .execute("UPDATE lock SET holder = " + std::to_string(id) +
                 "; UPDATE waiter SET holder = " + std::to_string(id));
    EXPECT_FALSE(requester_.inspect(name));
    EXPECT_EQ(requester_.attempt({.key = name}).outcome, AttemptReplyStatus::granted);
  }
}

TEST_F(LocalHolder, VoidRecordIsNobodysForEveryVerb) {
  LocalRequester other(directory_.path());
  const LocalWish wish;
  ASSERT_EQ(other.attempt(wish).outcome, AttemptReplyStatus::granted);
  other.forget();
  EXPECT_EQ(requester_.refresh(wish), RefreshReplyStatus::lost);
  EXPECT_EQ(requester_.release(wish), ReleaseReplyStatus::not_owner);
}

// On a clock that a test moves: over at the very nanosecond, and not before.
TEST(LocalExpiry, RecordIsOverAtItsTtl) {
  class SetClock final : public ClockSource {
   public:
    [[nodiscard]] Instant now() const noexcept override { return now_.load(); }
    std::atomic<Instant> now_{Instant(1h)};
  };
  const TemporaryDirectory directory;
  SetClock clock;
  LocalRequester requester(directory.path(), this_machine(clock));
  const LocalWish wish{.ttl = 3000ms};
  ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
  clock.now_ = clock.now() + 3000ms - 1ns;
  const auto last = requester.inspect(key);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->remaining_ttl, 1ms) << "rounded up";
  EXPECT_EQ(requester.attempt({}).outcome, AttemptReplyStatus::busy);
  clock.now_ = clock.now() + 1ns;
  EXPECT_FALSE(requester.inspect(key));
  EXPECT_EQ(requester.refresh(wish), RefreshReplyStatus::lost);
  EXPECT_EQ(requester.attempt({}).outcome, AttemptReplyStatus::granted);
}

// A machine whose boot and wall clock a test can set.
Machine machine_of_boot(const ClockSource& clock, std::uint8_t boot,
                        const std::atomic<std::int64_t>& wall_us) {
  Machine machine = this_machine(clock);
  machine.boot.fill(boot);
  machine.wall_us = [&wall_us] { return wall_us.load(); };
  return machine;
}

TEST(LocalBoot, RebootFreesEveryLockAndFencesGrow) {
  const TemporaryDirectory directory;
  const SystemClockSource clock{};
  std::atomic<std::int64_t> wall_us{1'700'000'000'000'000};
  LocalRequester before(directory.path(), machine_of_boot(clock, 1, wall_us));
  const AttemptReply held = before.attempt({.detached = true});
  ASSERT_EQ(held.outcome, AttemptReplyStatus::granted);
  wall_us -= 86'400'000'000LL * 365;  // the battery of its clock is empty
  LocalRequester after(directory.path(), machine_of_boot(clock, 2, wall_us));
  EXPECT_FALSE(after.inspect(key));
  const AttemptReply next = after.attempt({});
  EXPECT_EQ(next.outcome, AttemptReplyStatus::granted);
  EXPECT_GT(next.fence, held.fence);
  LocalRequester same_boot(directory.path(), machine_of_boot(clock, 2, wall_us));
  EXPECT_EQ(same_boot.attempt({}).outcome, AttemptReplyStatus::busy);
}

// Two containers of one machine, one of them with a time namespace whose clock is a day ahead.
TEST(LocalBoot, TimeNamespacesAgreeOnExpiry) {
  class ShiftedClock final : public ClockSource {
   public:
    [[nodiscard]] Instant now() const noexcept override { return BootClock::now() + 24h; }
  };
  const TemporaryDirectory directory;
  const SystemClockSource clock{};
  const ShiftedClock shifted;
  Machine ahead = this_machine(shifted);
  ahead.clock_ahead += 24h;
  LocalRequester host(directory.path(), this_machine(clock));
  LocalRequester container(directory.path(), ahead);
  ASSERT_EQ(host.attempt({}).outcome, AttemptReplyStatus::granted);
  const auto seen = container.inspect(key);
  ASSERT_TRUE(seen) << "not expired for the container";
  EXPECT_LE(*seen->remaining_ttl, LocalWish{}.ttl);
  EXPECT_GT(*seen->remaining_ttl, LocalWish{}.ttl - 1min);
  host.store().close();
  ASSERT_EQ(container.attempt({}).outcome, AttemptReplyStatus::granted);
  LocalRequester second_host(directory.path(), this_machine(clock));
  const auto seen_by_host = second_host.inspect(key);
  ASSERT_TRUE(seen_by_host);
  EXPECT_LE(*seen_by_host->remaining_ttl, LocalWish{}.ttl);
}

}  // namespace
}  // namespace exclusive_lock::live
