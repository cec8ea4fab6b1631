// The embedded store's files: rights, planted files, damage (docs/failure_modes.md, 48, 49 and 53).
// The error says what is wrong, and no file is deleted.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "live/local_requester.hpp"
#include "live/local_worker_process.hpp"
#include "live/sqlite_disk.hpp"
#include "live/temporary_directory.hpp"
#include "stores/local/holders_file.hpp"

namespace exclusive_lock::live {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class LocalFiles : public testing::Test {
 protected:
  struct Refusal {
    errc code{};
    std::string message;
  };
  [[nodiscard]] static Refusal refusal_of(const fs::path& directory) {
    try {
      const LocalRequester requester(directory);
    } catch (const StoreError& error) {
      EXPECT_FALSE(error.may_have_run());
      return {static_cast<errc>(error.code().value()), error.what()};
    }
    return {};
  }
  [[nodiscard]] static mode_t mode_of(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  [[nodiscard]] static std::string text_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  }
  // A store with a lock in it that has been closed, its log copied back.
  void make_store() const {
    LocalRequester requester(path_);
    ASSERT_EQ(requester.attempt({.detached = true}).outcome, AttemptReplyStatus::granted);
    requester.forget();
    Database(database_).execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  TemporaryDirectory directory_;
  const fs::path path_ = directory_.path() / "store";
  const fs::path folder_ = folder_of(path_);
  const fs::path database_ = folder_ / "locks.db";
};

TEST_F(LocalFiles, AreForTheirOwnerAloneWhateverTheUmask) {
  const mode_t umask_before = ::umask(0);
  LocalRequester requester(path_);
  EXPECT_EQ(requester.attempt({}).outcome, AttemptReplyStatus::granted);
  ::umask(umask_before);
  EXPECT_EQ(mode_of(path_), 0700U);
  EXPECT_EQ(mode_of(folder_), 0700U);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
    names.insert(entry.path().filename());
  }
  EXPECT_EQ(names, (std::set<std::string>{"holders", "locks.db", "locks.db-shm", "locks.db-wal"}));
}

TEST_F(LocalFiles, OfASharedDirectoryAreForItsGroupToo) {
  fs::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 02770), 0);
  const mode_t umask_before = ::umask(077);
  LocalRequester requester(path_);
  EXPECT_EQ(requester.attempt({}).outcome, AttemptReplyStatus::granted);
  ::umask(umask_before);
  EXPECT_EQ(mode_of(folder_), 02770U);
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_EQ(mode_of(entry.path()), 0660U) << entry.path();
  }
}

// A process that opens the store may be making a new set of files: a transaction would work on
// both.
TEST_F(LocalFiles, NoTransactionBeginsWhileANewSetMayBeMade) {
  LocalRequester requester(path_);
  const StoreDirectory directory({.path = path_, .private_to = std::nullopt});
  const HoldersFile holders(directory);
  std::optional<HoldersFile::Gate> gate(std::in_place, holders, HoldersFile::Gate::Kind::alone,
                                        BootClock::now() + std::chrono::seconds(10));
  EXPECT_EQ(std::get<StoreFailure>(requester.attempt_now({}, Milliseconds(50))).code,
            errc::store_busy);
  gate.reset();
  EXPECT_EQ(requester.attempt({}).outcome, AttemptReplyStatus::granted);
}

TEST_F(LocalFiles, PathMayHaveAnyCharacter) {
  const fs::path odd = directory_.path() / "a b%?#\n\xC3\xA9";
  LocalRequester requester(odd);
  EXPECT_EQ(requester.attempt({}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.store().url(),
            "local://" + directory_.path().string() + "/a%20b%25%3F%23%0A%C3%A9");
  EXPECT_TRUE(fs::exists(folder_of(odd) / "locks.db"));
}

TEST_F(LocalFiles, ImpossiblePathIsRefused) {
  EXPECT_THROW(LocalRequester("/" + std::string(400, 'x')), ValidationError);
  EXPECT_THROW(LocalRequester(std::string("/tmp/a\0b", 8)), ValidationError);
  EXPECT_THROW(LocalRequester(path_ / "exclusive-lock.d"), ValidationError) << "a store in a store";
  EXPECT_THROW(LocalRequester(path_ / "exclusive-lock.d/"), ValidationError);
}

TEST_F(LocalFiles, PlantedLinksAreNotFollowed) {
  fs::create_directories(folder_);
  ASSERT_EQ(::chmod(path_.c_str(), 0700), 0);
  const fs::path target = directory_.path() / "target";
  for (const char* name : {"locks.db", "holders"}) {
    write(target, "");
    fs::create_symlink(target, folder_ / name);
    const Refusal refusal = refusal_of(path_);
    EXPECT_EQ(refusal.code, errc::unsuitable_store) << name;
    EXPECT_THAT(refusal.message, HasSubstr(name));
    EXPECT_EQ(fs::file_size(target), 0U);
    EXPECT_TRUE(fs::is_symlink(folder_ / name)) << "left as it is";
    for (const auto& entry : fs::directory_iterator(folder_)) {
      fs::remove(entry.path());
    }
  }
}

TEST_F(LocalFiles, PlantedLinkInPlaceOfTheLogIsNotFollowed) {
  make_store();
  const fs::path target = directory_.path() / "target";
  for (const char* suffix : {"-wal", "-shm"}) {
    write(target, "");
    const fs::path link = database_.string() + suffix;
    fs::remove(link);
    fs::create_symlink(target, link);
    EXPECT_NE(refusal_of(path_).code, errc{}) << suffix;
    EXPECT_EQ(fs::file_size(target), 0U);
    fs::remove(link);
  }
  EXPECT_EQ(refusal_of(path_).code, errc{}) << "with the links gone it is as before";
}

TEST_F(LocalFiles, DirectoryThatCannotBeWrittenIsToldAsReadOnly) {
  make_store();
  ASSERT_EQ(::chown(directory_.path().c_str(), unprivileged_user(), static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(::chown(folder_.c_str(), unprivileged_user(), static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(::chmod(folder_.c_str(), 0500), 0);
  for (const fs::path& path : {path_, directory_.path() / "empty"}) {
    fs::create_directory(path);
    ASSERT_EQ(::chown(path.c_str(), unprivileged_user(), static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0500), 0);
    EXPECT_EQ(run_unprivileged([&] {
                const Refusal refusal = refusal_of(path);
                EXPECT_EQ(refusal.code, errc::store_read_only);
                EXPECT_THAT(refusal.message, HasSubstr(path.string()));
              }),
              0);
    ASSERT_EQ(::chmod(path.c_str(), 0700), 0);
  }
  EXPECT_TRUE(fs::is_empty(directory_.path() / "empty"));
}

TEST_F(LocalFiles, DirectoryWithoutRightsIsToldAsSuch) {
  make_store();
  ASSERT_EQ(::chown(directory_.path().c_str(), unprivileged_user(), static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(::chown(path_.c_str(), unprivileged_user(), static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(::chmod(path_.c_str(), 0000), 0);
  EXPECT_EQ(run_unprivileged([&] { EXPECT_EQ(refusal_of(path_).code, errc::permission_denied); }),
            0);
  ASSERT_EQ(::chmod(path_.c_str(), 0700), 0);
}

// Its files are for their owner alone: the member of the group is told so, and not that it is held.
TEST_F(LocalFiles, FilesOfAnotherUserAreToldAsSuch) {
  make_store();
  ASSERT_EQ(::chown(directory_.path().c_str(), unprivileged_user(), static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(::chown(path_.c_str(), unprivileged_user(), static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(::chown(folder_.c_str(), unprivileged_user(), static_cast<gid_t>(-1)), 0);
  ASSERT_EQ(::chmod(database_.c_str(), 0000), 0);
  ASSERT_EQ(::chmod((folder_ / "holders").c_str(), 0666), 0);
  EXPECT_EQ(run_unprivileged([&] {
              const Refusal refusal = refusal_of(path_);
              EXPECT_EQ(refusal.code, errc::permission_denied);
              EXPECT_THAT(refusal.message, HasSubstr("locks.db"));
            }),
            0);
}

class LocalDamage : public LocalFiles {
 protected:
  // The store is refused, or its first look is, as damaged; its file stays as it was.
  void expect_corrupt(const std::string& bytes) {
    write(database_, bytes);
    Refusal refusal = refusal_of(path_);
    if (refusal.code == errc{}) {
      LocalRequester requester(path_);
      const auto answer = requester.attempt_now({});
      ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer)) << "nobody noticed";
      const auto& failure = std::get<StoreFailure>(answer);
      EXPECT_FALSE(failure.may_have_run);
      refusal = {static_cast<errc>(failure.code.value()), failure.message};
    }
    EXPECT_EQ(refusal.code, errc::store_corrupt) << refusal.message;
    EXPECT_THAT(refusal.message, HasSubstr(path_.string()));
    EXPECT_THAT(refusal.message, HasSubstr("move its files elsewhere"));
    EXPECT_EQ(text_of(database_), bytes);
  }
};

TEST_F(LocalDamage, GarbageIsTold) {
  make_store();
  expect_corrupt("this is no database, whatever its name says" + std::string(5000, 'x'));
}

TEST_F(LocalDamage, EmptyFileIsTold) {
  make_store();
  expect_corrupt("");
}

TEST_F(LocalDamage, TruncatedFileIsTold) {
  make_store();
  expect_corrupt(text_of(database_).substr(0, 1500));
}

TEST_F(LocalDamage, OverwrittenPagesAreTold) {
  make_store();
  std::string bytes = text_of(database_);
  constexpr std::size_t page = 1024;
  ASSERT_GE(bytes.size(), 4 * page);
  bytes.replace(page, bytes.size() - page, bytes.size() - page, '\xA5');
  expect_corrupt(bytes);
}

// Every single byte of the file set to something else: failure is told or does not matter, and
// never more.
TEST_F(LocalDamage, NoDamagedByteMakesItCrash) {
  make_store();
  const std::string whole = text_of(database_);
  for (std::size_t at = 0; at < whole.size(); at += 13) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0xFF);
    write(database_, bytes);
    fs::remove(database_.string() + "-wal");
    fs::remove(database_.string() + "-shm");
    if (refusal_of(path_).code == errc{}) {
      LocalRequester requester(path_);
      static_cast<void>(requester.inspect_now(LocalWish{}.key));
      static_cast<void>(requester.attempt_now({}));
    }
    ASSERT_TRUE(fs::exists(database_)) << at;
  }
}

TEST_F(LocalDamage, NewerFormatIsRefused) {
  make_store();
  Database(database_).execute("PRAGMA user_version = 6");
  const Refusal refusal = refusal_of(path_);
  EXPECT_EQ(refusal.code, errc::unsuitable_store);
  EXPECT_THAT(refusal.message, HasSubstr("newer version"));
}

TEST_F(LocalDamage, DatabaseOfAnotherProgramIsRefused) {
  make_store();
  Database(database_).execute("PRAGMA application_id = 7");
  const Refusal refusal = refusal_of(path_);
  EXPECT_EQ(refusal.code, errc::unsuitable_store);
  EXPECT_THAT(refusal.message, HasSubstr("other program"));
}

TEST_F(LocalDamage, MissingTableIsTold) {
  make_store();
  Database(database_).execute("DROP TABLE lock");
  LocalRequester requester(path_);
  const auto answer = requester.attempt_now({});
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
  EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_corrupt);
}

class LocalHugeValue : public LocalDamage {
 protected:
  static constexpr std::int64_t max_memory = 8 * 1024 * 1024;

  // As anybody may who can write the file.
  void plant(const std::string& sql) const {
    const LocalRequester keeper(path_);  // the last one to close it would take its log away
    Database database(database_);
    sqlite3_limit(database.get(), SQLITE_LIMIT_LENGTH, 1'000'000'000);
    database.execute(sql);
  }
  template <class Reply>
  static void expect_damage(const Answer<Reply>& answer) {
    ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
    EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_corrupt);
    EXPECT_THAT(std::get<StoreFailure>(answer).message, HasSubstr("too big"));
  }
};

TEST_F(LocalHugeValue, IsToldAndNoMemoryIsTakenForIt) {
  for (const char* sql : {"UPDATE lock SET value = zeroblob(64000000)",
                          "UPDATE lock SET rest_size = 64000000; "
                          "INSERT INTO rest SELECT id, zeroblob(64000000) FROM lock"}) {
    make_store();
    plant(sql);
    LocalRequester requester(path_);
    sqlite3_memory_highwater(1);
    expect_damage(requester.inspect_now(LocalWish{}.key));
    EXPECT_THROW(requester.list(""), StoreError);
    static_cast<void>(requester.attempt_now({}));
    EXPECT_LT(sqlite3_memory_highwater(0), max_memory) << sql;
    EXPECT_GT(sqlite3_memory_highwater(0), 0) << "it is counted";
    requester.forget();
    fs::remove_all(path_);
  }
}

TEST_F(LocalHugeValue, OfAWaiterIsToldWhenItIsItsTurn) {
  LocalRequester requester(path_);
  const LocalWish held;
  const LocalWish waiting{.wait_options = long_wait};
  ASSERT_EQ(requester.attempt(held).outcome, AttemptReplyStatus::granted);
  ASSERT_EQ(requester.attempt(waiting).outcome, AttemptReplyStatus::waiting);
  plant("UPDATE waiter_tail SET bytes = zeroblob(64000000)");
  sqlite3_memory_highwater(1);
  expect_damage(requester.inspect_now(held.key));
  expect_damage(requester.release_now(held));
  EXPECT_LT(sqlite3_memory_highwater(0), max_memory);
  EXPECT_EQ(requester.refresh(held), RefreshReplyStatus::refreshed) << "nothing was changed";
}

// The longest that Options allow.
TEST_F(LocalHugeValue, LongestContentsAreNone) {
  LocalRequester requester(path_);
  const LocalWish wish{.contents = '"' + std::string(max_contents_cap - 2, 'x') + '"'};
  ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
  EXPECT_GT(requester.inspect(wish.key).value().value.size(), max_contents_cap);
  EXPECT_EQ(requester.release(wish), ReleaseReplyStatus::released);
}

// Processes exclude each other only while all of them use the same files (holders_file.hpp).
class LocalLoss : public LocalFiles {
 protected:
  void change(const std::string& name, bool is_replaced) const {
    fs::rename(folder_ / name, directory_.path() / "elsewhere");
    if (is_replaced) {
      write(folder_ / name, "");
    }
  }
  static void expect_told(LocalRequester& requester, const LocalWish& held) {
    const auto answer = requester.attempt_now({.key = "other"});
    ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
    EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_unavailable);
    EXPECT_EQ(requester.refresh(held), RefreshReplyStatus::lost) << "others may follow at once";
  }
};

TEST_F(LocalLoss, WhoeverOpensAfterAFileIsGoneOrReplacedEndsWhatWasHeld) {
  for (const std::string name : {"locks.db", "locks.db-wal", "locks.db-shm", "holders"}) {
    for (const bool is_replaced : {false, true}) {
      SCOPED_TRACE(name + (is_replaced ? " replaced" : " deleted"));
      LocalRequester requester(path_);
      const LocalWish wish;
      ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
      change(name, is_replaced);
      if (name == "locks.db" && is_replaced) {
        EXPECT_EQ(refusal_of(path_).code, errc::store_corrupt) << "nobody holds two";
        EXPECT_EQ(requester.refresh(wish), RefreshReplyStatus::refreshed);
      } else {
        LocalRequester next(path_);
        const AttemptReplyStatus outcome = next.attempt({}).outcome;
        if (name == "locks.db-shm" || name == "holders") {
          EXPECT_EQ(outcome, AttemptReplyStatus::busy) << "the record is there";
        }
        expect_told(requester, wish);
        EXPECT_EQ(next.attempt({.key = "next"}).outcome, AttemptReplyStatus::granted);
        next.forget();
        requester.forget();
        EXPECT_EQ(integrity_of(path_), "ok") << "what was closed last touched nothing new";
        EXPECT_EQ(LocalRequester(path_).attempt({.key = "next"}).outcome,
                  AttemptReplyStatus::granted);
      }
      requester.forget();
      fs::remove_all(folder_);
    }
  }
}

// All who have them open use the same ones.
TEST_F(LocalLoss, FilesThatAreGoneExcludeAsLongAsNobodyComes) {
  LocalRequester requester(path_);
  LocalRequester other(path_);
  const LocalWish wish;
  ASSERT_EQ(requester.attempt(wish).outcome, AttemptReplyStatus::granted);
  for (const char* name : {"locks.db-shm", "locks.db-wal", "locks.db"}) {
    fs::remove(folder_ / name);
    EXPECT_EQ(requester.refresh(wish), RefreshReplyStatus::refreshed) << name;
    EXPECT_EQ(other.attempt({}).outcome, AttemptReplyStatus::busy) << name;
  }
  fs::remove(folder_ / "holders");
  expect_told(requester, wish);
}

TEST_F(LocalLoss, ProcessesOfTheOldFilesAndOfTheNewOnesAreNeverMixed) {
  LocalRequester requester(path_);
  LocalWorker worker(path_, {"hold", "job"});
  ASSERT_THAT(worker.line(), testing::StartsWith("fence "));
  fs::remove(folder_ / "locks.db-shm");
  LocalWorker next(path_, {"hold", "another"});
  ASSERT_THAT(next.line(), testing::StartsWith("fence "));
  LocalRequester third(path_);
  EXPECT_EQ(third.attempt({.key = "another"}).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(third.attempt({.key = "job"}).outcome, AttemptReplyStatus::busy);
  const auto answer = requester.attempt_now({.key = "another"});
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
}

// `rm locks.db` after a crash, or where a log is left beside it.
TEST_F(LocalLoss, LogWithoutItsDatabaseIsNotMixedWithANewOne) {
  {
    LocalRequester requester(path_);
    for (int i = 0; i < 40; ++i) {
      ASSERT_EQ(requester.attempt({.key = std::to_string(i), .detached = true}).outcome,
                AttemptReplyStatus::granted);
    }
  }
  ASSERT_GT(fs::file_size(database_.string() + "-wal"), 0U);
  fs::remove(database_);
  LocalRequester requester(path_);
  EXPECT_EQ(requester.attempt({.key = "7"}).outcome, AttemptReplyStatus::granted);
  EXPECT_EQ(requester.list("").records.size(), 1U);
  EXPECT_EQ(integrity_of(path_), "ok");
}

// A backup that is put back has no log; the one that is there is another database's.
TEST_F(LocalLoss, DatabaseThatIsPutBackDoesNotGetTheLogOfAnother) {
  make_store();
  const fs::path backup = directory_.path() / "backup";
  fs::copy_file(database_, backup);
  {
    LocalRequester requester(path_);
    for (int i = 0; i < 40; ++i) {
      ASSERT_EQ(requester.attempt({.key = std::to_string(i), .detached = true}).outcome,
                AttemptReplyStatus::granted);
    }
  }
  fs::remove(database_);
  fs::copy_file(backup, database_);
  LocalRequester requester(path_);
  EXPECT_EQ(requester.list("").records.size(), 1U) << "that of the backup";
  EXPECT_EQ(requester.attempt({}).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(integrity_of(path_), "ok");
}

// The directory, or a link on the way to it, is renamed while SQLite opens by path.
class SwappedDirectory : public LocalLoss {
 protected:
  void SetUp() override {
    for (const fs::path& each : {one_, two_}) {
      LocalRequester requester(each);
      ASSERT_EQ(requester.attempt({.key = each.filename(), .detached = true}).outcome,
                AttemptReplyStatus::granted);
    }
    paths_ = {one_, two_};
    watch_sqlite_opens([](const char* path) {
      if (swaps_left_ > 0 && fs::path(path).filename() == "locks.db") {
        --swaps_left_;
        ::renameat2(AT_FDCWD, paths_.first.c_str(), AT_FDCWD, paths_.second.c_str(),
                    RENAME_EXCHANGE);
      }
    });
  }
  void TearDown() override { watch_sqlite_opens(nullptr); }

  const fs::path one_ = directory_.path() / "one";
  const fs::path two_ = directory_.path() / "two";
  static inline std::pair<fs::path, fs::path> paths_;
  static inline int swaps_left_ = 0;
};

TEST_F(SwappedDirectory, DuringTheOpeningIsNoticed) {
  swaps_left_ = 1;
  try {
    LocalRequester requester(one_);
    FAIL() << "holders of one directory, records of the other: "
           << requester.list("").records.size();
  } catch (const StoreError& error) {
    EXPECT_EQ(error.code(), errc::store_unavailable) << error.what();
  }
}

TEST_F(SwappedDirectory, ThatIsPutBackIsOpened) {
  swaps_left_ = 2;  // at the first opening, and back at the second
  LocalRequester requester(one_);
  EXPECT_EQ(swaps_left_, 0);
  EXPECT_EQ(requester.attempt({.key = "one"}).outcome, AttemptReplyStatus::busy);
  EXPECT_EQ(requester.attempt({.key = "two"}).outcome, AttemptReplyStatus::granted);
}

}  // namespace
}  // namespace exclusive_lock::live
