// The embedded store's files: rights, planted files, damage (FAULTS 48, 49, 53). Whatever is wrong
// is told as what it is, and nothing that was there is deleted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "live/comes_true.hpp"
#include "live/local_asker.hpp"
#include "live/local_worker_process.hpp"
#include "live/temporary_directory.hpp"
#include "stores/local/directory.hpp"

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
      const LocalAsker asker(directory);
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
    LocalAsker asker(path_);
    ASSERT_EQ(asker.attempt({.detached = true}).outcome, AttemptOutcome::granted);
    asker.forget();
    Database(path_ / "locks.db").execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  TemporaryDirectory directory_;
  const fs::path path_ = directory_.path() / "store";
  const fs::path database_ = path_ / "locks.db";
};

TEST_F(LocalFiles, AreForTheirOwnerAloneWhateverTheUmask) {
  const mode_t umask_before = ::umask(0);
  LocalAsker asker(path_);
  EXPECT_EQ(asker.attempt({}).outcome, AttemptOutcome::granted);
  ::umask(umask_before);
  EXPECT_EQ(mode_of(path_), 0700U);
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(path_)) {
    EXPECT_EQ(mode_of(entry.path()), 0600U) << entry.path();
    names.insert(entry.path().filename());
  }
  EXPECT_EQ(names, (std::set<std::string>{"holders", "locks.db", "locks.db-shm", "locks.db-wal"}));
}

TEST_F(LocalFiles, OfASharedDirectoryAreForItsGroupToo) {
  fs::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 02770), 0);
  const mode_t umask_before = ::umask(077);
  LocalAsker asker(path_);
  EXPECT_EQ(asker.attempt({}).outcome, AttemptOutcome::granted);
  ::umask(umask_before);
  for (const auto& entry : fs::directory_iterator(path_)) {
    EXPECT_EQ(mode_of(entry.path()), 0660U) << entry.path();
  }
}

TEST_F(LocalFiles, PathMayHaveAnyCharacter) {
  const fs::path odd = directory_.path() / "a b%?#\n\xC3\xA9";
  LocalAsker asker(odd);
  EXPECT_EQ(asker.attempt({}).outcome, AttemptOutcome::granted);
  EXPECT_EQ(asker.store().url(),
            "local://" + directory_.path().string() + "/a%20b%25%3F%23%0A%C3%A9");
  EXPECT_TRUE(fs::exists(odd / "locks.db"));
}

TEST_F(LocalFiles, ImpossiblePathIsRefused) {
  EXPECT_THROW(LocalAsker("/" + std::string(400, 'x')), ValidationError);
  EXPECT_THROW(LocalAsker(std::string("/tmp/a\0b", 8)), ValidationError);
}

TEST_F(LocalFiles, PlantedLinksAreNotFollowed) {
  fs::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0700), 0);
  const fs::path target = directory_.path() / "target";
  for (const char* name : {"locks.db", "holders"}) {
    write(target, "");
    fs::create_symlink(target, path_ / name);
    const Refusal refusal = refusal_of(path_);
    EXPECT_EQ(refusal.code, errc::unsuitable_store) << name;
    EXPECT_THAT(refusal.message, HasSubstr(name));
    EXPECT_EQ(fs::file_size(target), 0U);
    EXPECT_TRUE(fs::is_symlink(path_ / name)) << "left as it is";
    for (const auto& entry : fs::directory_iterator(path_)) {
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
  ASSERT_EQ(::chmod(database_.c_str(), 0000), 0);
  ASSERT_EQ(::chmod((path_ / "holders").c_str(), 0666), 0);
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
      LocalAsker asker(path_);
      const auto answer = asker.attempt_now({});
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

// Every single byte of the file set to something else: trouble is told or does not matter, and
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
      LocalAsker asker(path_);
      static_cast<void>(asker.inspect_now(LocalWish{}.key));
      static_cast<void>(asker.attempt_now({}));
    }
    ASSERT_TRUE(fs::exists(database_)) << at;
  }
}

TEST_F(LocalDamage, NewerFormatIsRefused) {
  make_store();
  Database(database_).execute("PRAGMA user_version = 4");
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
  LocalAsker asker(path_);
  const auto answer = asker.attempt_now({});
  ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
  EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_corrupt);
}

class LocalHugeValue : public LocalDamage {
 protected:
  static constexpr std::int64_t most_memory = 8 * 1024 * 1024;

  // As anybody may who can write the file.
  void plant(const std::string& sql) const {
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
    LocalAsker asker(path_);
    sqlite3_memory_highwater(1);
    expect_damage(asker.inspect_now(LocalWish{}.key));
    EXPECT_THROW(asker.list(""), StoreError);
    static_cast<void>(asker.attempt_now({}));
    EXPECT_LT(sqlite3_memory_highwater(0), most_memory) << sql;
    EXPECT_GT(sqlite3_memory_highwater(0), 0) << "it is counted";
    asker.forget();
    fs::remove_all(path_);
  }
}

TEST_F(LocalHugeValue, OfAWaiterIsToldWhenItIsItsTurn) {
  LocalAsker asker(path_);
  const LocalWish held;
  const LocalWish waiting{.patience = long_patience};
  ASSERT_EQ(asker.attempt(held).outcome, AttemptOutcome::granted);
  ASSERT_EQ(asker.attempt(waiting).outcome, AttemptOutcome::waiting);
  plant("UPDATE waiter_tail SET bytes = zeroblob(64000000)");
  sqlite3_memory_highwater(1);
  expect_damage(asker.inspect_now(held.key));
  expect_damage(asker.release_now(held));
  EXPECT_LT(sqlite3_memory_highwater(0), most_memory);
  EXPECT_EQ(asker.refresh(held), RefreshVerdict::refreshed) << "nothing was changed";
}

// The longest that Options allow.
TEST_F(LocalHugeValue, LongestContentsAreNone) {
  LocalAsker asker(path_);
  const LocalWish wish{.contents = '"' + std::string(most_contents_cap - 2, 'x') + '"'};
  ASSERT_EQ(asker.attempt(wish).outcome, AttemptOutcome::granted);
  EXPECT_GT(asker.inspect(wish.key).value().value.size(), most_contents_cap);
  EXPECT_EQ(asker.release(wish), ReleaseVerdict::released);
}

// Whoever goes on with the deleted files would hold locks that the users of new ones do not see.
class LocalLoss : public LocalDamage {
 protected:
  void expect_told(LocalAsker& asker, const LocalWish& held) const {
    const auto answer = asker.attempt_now({.key = "other"});
    ASSERT_TRUE(std::holds_alternative<StoreFailure>(answer));
    EXPECT_EQ(std::get<StoreFailure>(answer).code, errc::store_unavailable);
    EXPECT_EQ(asker.refresh(held), RefreshVerdict::lost) << "others may follow at once";
  }
};

TEST_F(LocalLoss, DeletedOrReplacedFilesAreTold) {
  for (const char* name : {"locks.db", "holders"}) {
    for (const bool is_replaced : {false, true}) {
      LocalAsker asker(path_);
      const LocalWish wish;
      ASSERT_EQ(asker.attempt(wish).outcome, AttemptOutcome::granted);
      fs::rename(path_ / name, path_ / "elsewhere");
      if (is_replaced) {
        write(path_ / name, "");
      }
      fs::remove(path_ / "elsewhere");
      SCOPED_TRACE(name);
      expect_told(asker, wish);
      asker.forget();
      fs::remove_all(path_);
    }
  }
}

// The names in it were looked at, and are taken for granted until the directory changes.
TEST_F(LocalLoss, OfADirectoryThatHasNotChangedForLongIsTold) {
  LocalAsker asker(path_);
  const LocalWish wish;
  ASSERT_EQ(asker.attempt(wish).outcome, AttemptOutcome::granted);
  const StoreDirectory directory({.path = path_, .private_to = std::nullopt});
  ASSERT_TRUE(comes_true([&] { return directory.settled_stamp().has_value(); }));
  ASSERT_EQ(asker.refresh(wish), RefreshVerdict::refreshed);
  fs::rename(path_ / "locks.db", path_ / "elsewhere");
  expect_told(asker, wish);
  fs::rename(path_ / "elsewhere", path_ / "locks.db");
  EXPECT_EQ(asker.refresh(wish), RefreshVerdict::refreshed) << "they are back";
  fs::rename(path_ / "locks.db", path_ / "elsewhere");
  expect_told(asker, wish);
}

}  // namespace
}  // namespace exclusive_lock::live
