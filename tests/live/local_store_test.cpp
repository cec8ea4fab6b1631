// Deadlines, threads, processes, fork(), and what goes away by itself.

#include "stores/local/local_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "live/local_requester.hpp"
#include "live/local_worker_process.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using ::testing::StartsWith;

class LocalStoreTest : public testing::Test {
 protected:
  [[nodiscard]] std::int64_t number(std::string_view sql) const {
    return number_in(directory_.path(), sql);
  }

  TemporaryDirectory directory_;
  LocalRequester requester_{directory_.path()};
};

TEST_F(LocalStoreTest, UrlNamesTheDirectory) {
  EXPECT_EQ(requester_.store().url(), "local://" + directory_.path().string());
}

// A process that was stopped in the middle of a transaction.
TEST_F(LocalStoreTest, DeadlineBoundsTheWaitForOtherProcesses) {
  Database stopped(folder_of(directory_.path()) / "locks.db");
  stopped.execute("BEGIN IMMEDIATE");
  const Instant asked_at = BootClock::now();
  const auto answer = requester_.attempt_now({}, 30ms);
  EXPECT_GE(BootClock::now(), asked_at + 30ms) << "it gave up early";
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
  const auto& failure = std::get<StoreFailure>(answer);
  EXPECT_EQ(failure.code, errc::store_busy);
  EXPECT_FALSE(failure.may_have_run);
  EXPECT_FALSE(requester_.inspect(LocalWish{}.key)) << "looks need not wait";
  stopped.execute("COMMIT");
  EXPECT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::granted);
}

// Timers and callers that were told to stop must not wait for a process that was stopped.
class LocalLate : public LocalStoreTest {
 protected:
  LocalLate() : stopped_(folder_of(directory_.path()) / "locks.db") {
    stopped_.execute("BEGIN IMMEDIATE");
  }
  std::future<Answer<AttemptReply>> attempt(const std::string& of, Milliseconds max_wait) {
    auto answer = std::make_shared<std::promise<Answer<AttemptReply>>>();
    requester_.store().attempt({.key = of,
                                .owner = owner_,
                                .ttl = 600s,
                                .record_tail = {},
                                .floor = {},
                                .not_after = Instant::max()},
                               BootClock::now() + max_wait, [answer](Answer<AttemptReply> given) {
                                 answer->set_value(std::move(given));
                               });
    return answer->get_future();
  }
  template <class Answered>
  static bool is_answered(const std::future<Answered>& future) {
    return future.wait_for(0s) == std::future_status::ready;
  }

  const Owner owner_ = new_local_owner();
  Database stopped_;
};

TEST_F(LocalLate, CallsReturnWhileAWriterIsStoppedAndAreCarriedOutInTheirOrderAfterIt) {
  auto granted = attempt("job", 600s);
  auto refreshed = std::make_shared<std::promise<Answer<RefreshReply>>>();
  requester_.store().refresh(
      {{.key = "job", .owner = owner_, .ttl = 600s}}, BootClock::now() + 600s,
      [refreshed](Answer<RefreshReply> given) { refreshed->set_value(std::move(given)); });
  auto released = std::make_shared<std::promise<Answer<ReleaseReply>>>();
  requester_.store().release(
      {.key = "job", .owner = owner_}, BootClock::now() + 600s,
      [released](Answer<ReleaseReply> given) { released->set_value(std::move(given)); });
  EXPECT_FALSE(is_answered(granted));
  stopped_.execute("COMMIT");
  EXPECT_EQ(LocalRequester::value_of(granted.get()).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(LocalRequester::value_of(refreshed->get_future().get()).verdicts.at(0),
            RefreshReplyStatus::refreshed);
  EXPECT_EQ(LocalRequester::value_of(released->get_future().get()).verdict,
            ReleaseReplyStatus::released);
}

TEST_F(LocalLate, EachIsAnsweredAtItsOwnDeadline) {
  auto patient = attempt("patient", 600s);
  const auto hasty = attempt("hasty", 20ms).get();
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(hasty));
  EXPECT_EQ(std::get<StoreFailure>(hasty).code, errc::store_busy);
  EXPECT_FALSE(std::get<StoreFailure>(hasty).may_have_run);
  EXPECT_FALSE(is_answered(patient));
  stopped_.execute("COMMIT");
  EXPECT_EQ(LocalRequester::value_of(patient.get()).outcome, AttemptReplyStatus::granted);
}

TEST_F(LocalLate, ClosingAnswersThem) {
  auto answer = attempt("job", 600s);
  requester_.store().close();
  const auto given = answer.get();
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(given));
  EXPECT_EQ(std::get<StoreFailure>(given).code, errc::connection_closed);
}

TEST_F(LocalStoreTest, DeadlineBoundsTheWaitForOtherThreads) {
  Database stopped(folder_of(directory_.path()) / "locks.db");
  stopped.execute("BEGIN IMMEDIATE");
  std::thread patient([&] {
    EXPECT_EQ(requester_.attempt({.key = "patient"}).outcome, AttemptReplyStatus::granted);
  });
  // Whether it meets the other thread or the other process: it is over in time, and nothing is
  // done.
  for (int i = 0; i < 5; ++i) {
    const auto answer = requester_.attempt_now({}, 20ms);
    ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
    EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_busy);
  }
  stopped.execute("COMMIT");
  patient.join();
}

// The next process would have to read it.
TEST_F(LocalStoreTest, LongLogIsCopiedBackByWhoeverCloses) {
  const fs::path log = folder_of(directory_.path()) / "locks.db-wal";
  for (int i = 0; i < 150; ++i) {
    const LocalWish wish;
    ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
    ASSERT_EQ(requester_.release(wish), ReleaseReplyStatus::released);
  }
  LocalRequester other(directory_.path());
  ASSERT_GT(fs::file_size(log), 0U);
  requester_.forget();
  EXPECT_EQ(fs::file_size(log), 0U) << "also where another has it open";
  ASSERT_EQ(other.attempt({}).outcome, AttemptReplyStatus::granted)
      << "the holder of before has closed";
  other.forget();
  EXPECT_GT(fs::file_size(log), 0U) << "a short one costs less to read than to copy back";
}

TEST_F(LocalStoreTest, LookDoesNotWaitForAWriter) {
  LocalRequester other(directory_.path());
  ASSERT_EQ(other.attempt({}).outcome, AttemptReplyStatus::granted);
  Database stopped(folder_of(directory_.path()) / "locks.db");
  stopped.execute("BEGIN IMMEDIATE");
  EXPECT_EQ(requester_.attempt({}).outcome, AttemptReplyStatus::busy);
}

TEST_F(LocalStoreTest, ManyThreadsShareOneStore) {
  constexpr int rounds = 200;
  std::atomic<int> holders = 0;
  std::atomic<int> holds = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      LocalWish shared;
      LocalWish own{.key = "own" + std::to_string(i)};
      for (int round = 0; round < rounds; ++round) {
        ++shared.owner.ticket;
        ++own.owner.ticket;
        EXPECT_EQ(requester_.attempt(own).outcome, AttemptReplyStatus::granted);
        EXPECT_EQ(requester_.refresh(own), RefreshReplyStatus::refreshed);
        if (requester_.attempt(shared).outcome == AttemptReplyStatus::granted) {
          EXPECT_EQ(++holders, 1);
          ++holds;
          --holders;
          EXPECT_EQ(requester_.release(shared), ReleaseReplyStatus::released);
        }
        EXPECT_EQ(requester_.release(own), ReleaseReplyStatus::released);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_GT(holds, 0);
}

TEST_F(LocalStoreTest, OneOfManyProcessesHoldsIt) {
  constexpr int workers = 6;
  constexpr int rounds = 100;
  std::vector<std::unique_ptr<LocalWorker>> all;
  for (int i = 0; i < workers; ++i) {
    all.push_back(std::make_unique<LocalWorker>(
        directory_.path(), std::vector<std::string>{"contend", "job", std::to_string(rounds)}));
  }
  std::vector<std::string> fences;
  for (const auto& worker : all) {
    std::uint64_t last = 0;
    for (std::string line = worker->line(); !line.empty(); line = worker->line()) {
      ASSERT_THAT(line, StartsWith("fence "));
      const std::uint64_t fence = std::stoull(line.substr(6));
      EXPECT_GT(fence, last);
      last = fence;
      fences.push_back(line);
    }
    EXPECT_EQ(worker->wait(), 0);
  }
  EXPECT_EQ(fences.size(), static_cast<std::size_t>(workers * rounds));
  std::sort(fences.begin(), fences.end());
  EXPECT_EQ(std::adjacent_find(fences.begin(), fences.end()), fences.end()) << "a fence twice";
  EXPECT_EQ(integrity_of(directory_.path()), "ok");
}

// Nobody meets half of one, and all meet the same.
TEST(LocalOpening, ManyProcessesMakeOneStore) {
  const TemporaryDirectory directory;
  const fs::path store = directory.path() / "store";
  std::vector<std::unique_ptr<LocalWorker>> all;
  for (int i = 0; i < 10; ++i) {
    all.push_back(std::make_unique<LocalWorker>(
        store, std::vector<std::string>{"hold", "job" + std::to_string(i)}));
  }
  for (const auto& worker : all) {
    EXPECT_THAT(worker->line(), StartsWith("fence "));
  }
  LocalRequester requester(store);
  EXPECT_EQ(requester.list("job").records.size(), all.size());
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder_of(store))) {
    EXPECT_FALSE(entry.path().filename().string().starts_with("locks.new-")) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 4U);
}

TEST_F(LocalStoreTest, ForkedChildCanDoNothing) {
  const LocalWish wish;
  ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(run_in_child([&] {
              const auto answer = requester_.release_now(wish);
              ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
              EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::connection_closed);
              requester_.store().close();
              requester_.forget();
              LocalRequester own(directory_.path());
              EXPECT_EQ(own.attempt({}).outcome, AttemptReplyStatus::busy);
            }),
            0);
  LocalRequester other(directory_.path());
  EXPECT_EQ(other.attempt({}).outcome, AttemptReplyStatus::busy) << "the child freed nothing";
  EXPECT_EQ(requester_.refresh(wish), RefreshReplyStatus::refreshed);
}

// What daemon start-up code does, after connect() where it should have been before.
TEST_F(LocalStoreTest, DescriptorsThatSomebodyClosedAreNoticed) {
  EXPECT_EQ(run_in_child([&] {
              LocalRequester own(directory_.path());
              ASSERT_EQ(own.attempt({}).outcome, AttemptReplyStatus::granted);
              ASSERT_EQ(::close_range(3, ~0U, 0), 0);
              const auto answer = own.attempt_now({});
              ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
              EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_unavailable);
            }),
            0);
}

TEST_F(LocalStoreTest, LogDoesNotGrowWithoutEnd) {
  LocalRequester reader(directory_.path());
  LocalWish wish;
  std::uintmax_t longest = 0;
  for (int i = 0; i < 5000; ++i) {
    ++wish.owner.ticket;
    ASSERT_EQ(requester_.attempt(wish).outcome, AttemptReplyStatus::granted);
    ASSERT_TRUE(reader.inspect(wish.key));
    longest = std::max(longest, fs::file_size(folder_of(directory_.path()) / "locks.db-wal"));
  }
  EXPECT_LT(longest, 2'000'000U) << "1000 frames of 1048 bytes, and some";
}

// G8: names that are used once leave nothing after a day, holders that died nothing but a fence.
class LocalHousekeeping : public testing::Test {
 protected:
  [[nodiscard]] Machine machine() {
    Machine machine = this_machine(clock_);
    machine.wall_us = [this] { return wall_us_.load(); };
    return machine;
  }
  [[nodiscard]] std::int64_t number(std::string_view sql) const {
    return number_in(directory_.path(), sql);
  }
  void pass(std::chrono::microseconds time) { wall_us_ += time.count(); }
  void use_names(LocalRequester& requester, int count) {
    for (int i = 0; i < count; ++i) {
      const LocalWish wish{.key = "name" + std::to_string(i)};
      ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
      ASSERT_EQ(requester.release(wish), ReleaseReplyStatus::released);
    }
  }
  // The calls that somebody makes on another lock meanwhile.
  void go_on(int grants) {
    LocalRequester requester(directory_.path(), machine());
    LocalWish wish{.key = "in use"};
    for (int i = 0; i < grants; ++i) {
      ++wish.owner.ticket;
      ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
    }
  }

  const SystemClockSource clock_{};
  std::atomic<std::int64_t> wall_us_{1'700'000'000'000'000};
  TemporaryDirectory directory_;
};

// A day after the end of time must not be long ago.
TEST_F(LocalHousekeeping, GrantAtTheEndOfTimeIsNotOld) {
  LocalRequester requester(directory_.path(), machine());
  use_names(requester, 1);
  Database(folder_of(directory_.path()) / "locks.db")
      .execute("UPDATE lock SET granted_at_us = 9223372036854775807");
  pass(2h);
  go_on(10);
  EXPECT_EQ(number("SELECT count(*) FROM lock WHERE key = CAST('name0' AS BLOB)"), 1);
}

TEST_F(LocalHousekeeping, UnusedNamesGoAwayAfterADay) {
  LocalRequester requester(directory_.path(), machine());
  use_names(requester, 100);
  EXPECT_EQ(number("SELECT count(*) FROM lock"), 100);
  pass(23h);
  go_on(100);
  EXPECT_EQ(number("SELECT count(*) FROM lock"), 101) << "their fences are kept for a day";
  pass(2h);
  go_on(100);
  EXPECT_EQ(number("SELECT count(*) FROM lock"), 1);
}

TEST_F(LocalHousekeeping, EachGrantDoesALittleOnly) {
  LocalRequester requester(directory_.path(), machine());
  use_names(requester, 100);
  pass(25h);
  go_on(1);
  EXPECT_EQ(number("SELECT count(*) FROM lock"), 101 - 4);
}

TEST_F(LocalHousekeeping, NewNamesDoNotPileUp) {
  LocalRequester requester(directory_.path(), machine());
  for (int day = 0; day < 20; ++day) {
    for (int i = 0; i < 50; ++i) {
      const LocalWish wish{.key = std::to_string(day) + "." + std::to_string(i)};
      ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
      ASSERT_EQ(requester.release(wish), ReleaseReplyStatus::released);
    }
    pass(25h);
  }
  EXPECT_LE(number("SELECT count(*) FROM lock"), 100) << "what two days need";
}

TEST_F(LocalHousekeeping, RecordsOfTheDeadAreClearedWithinAnHour) {
  {
    LocalRequester dead(directory_.path(), machine());
    const std::string contents = '"' + std::string(5000, 'x') + '"';
    for (int i = 0; i < 20; ++i) {
      ASSERT_EQ(dead.attempt({.key = "dead" + std::to_string(i), .contents = contents}).outcome,
                AttemptReplyStatus::granted);
    }
  }
  EXPECT_EQ(number("SELECT count(*) FROM rest"), 20);
  pass(1h + 1s);
  go_on(20);
  EXPECT_EQ(number("SELECT count(*) FROM lock WHERE value IS NOT NULL AND key <> x'" +
                   std::string("696e20757365") + "'"),  // "in use"
            0);
  EXPECT_EQ(number("SELECT count(*) FROM rest"), 0);
}

TEST_F(LocalHousekeeping, ShortRecordAfterALongOneLeavesNothingOfIt) {
  LocalRequester requester(directory_.path(), machine());
  LocalWish wish{.contents = '"' + std::string(5000, 'x') + '"'};
  ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(number("SELECT count(*) FROM rest"), 1);
  ++wish.owner.ticket;
  wish.contents = "1";
  ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(number("SELECT count(*) FROM rest"), 0);
}

TEST_F(LocalHousekeeping, HeldLocksStay) {
  LocalRequester requester(directory_.path(), machine());
  const LocalWish wish{.key = "held"};
  const AttemptReply held = requester.attempt(wish);
  ASSERT_EQ(held.outcome, AttemptReplyStatus::granted);
  for (int day = 0; day < 3; ++day) {
    pass(25h);
    go_on(20);
  }
  EXPECT_EQ(requester.refresh(wish), RefreshReplyStatus::refreshed);
}

TEST_F(LocalHousekeeping, WallClockThatWasSetBackDelaysNothing) {
  {
    LocalRequester requester(directory_.path(), machine());
    pass(24h * 365);
    use_names(requester, 20);
  }
  pass(-24h * 365);
  go_on(20);
  EXPECT_EQ(number("SELECT count(*) FROM lock"), 21)
      << "their fences are the only thing that grows";
  EXPECT_EQ(number("SELECT count(*) FROM lock WHERE look_at_s > 1700000000 + 3600"), 0);
}

}  // namespace
}  // namespace exclusive_lock::live
