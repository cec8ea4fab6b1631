// The write lock of SQLite's log that is taken before a transaction (wal_write_lock.hpp): what it
// saves, and that readers, checkpoints and a log in disorder are treated as without it.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "live/temporary_directory.hpp"
#include "stores/local/sqlite.hpp"
#include "stores/local/wal_write_lock.hpp"

namespace exclusive_lock::live {
namespace {

int locks_asked_for = 0;

int counted_fcntl(int fd, int command, ...) {
  std::va_list arguments;
  va_start(arguments, command);
  void* const argument = va_arg(arguments, void*);
  va_end(arguments);
  locks_asked_for += command == F_SETLK ? 1 : 0;
  return ::fcntl(fd, command, argument);
}

// The log's shared memory (sqlite.org/walformat.html, "The WAL-Index Header").
class LogIndex {
 public:
  explicit LogIndex(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDWR | O_CLOEXEC)),
        bytes_(static_cast<std::uint8_t*>(
            ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0))) {}
  ~LogIndex() {
    ::munmap(bytes_, size_);
    ::close(fd_);  // drops the locks of this process on it (fcntl(2))
  }
  LogIndex(const LogIndex&) = delete;
  LogIndex& operator=(const LogIndex&) = delete;

  void tear_header() { bytes_[8] ^= 0xFFU; }
  void set_marks(std::uint32_t mark) {
    for (int reader = 1; reader < 5; ++reader) {
      std::memcpy(bytes_ + 100 + 4 * reader, &mark, sizeof mark);
    }
  }

 private:
  static constexpr std::size_t size_ = 136;
  int fd_;
  std::uint8_t* bytes_;
};

class LocalWriteLock : public testing::Test {
 protected:
  LocalWriteLock() {
    writer_.execute("PRAGMA wal_autocheckpoint = 0");
    writer_.execute("PRAGMA synchronous = NORMAL");
    reader_.execute("PRAGMA wal_autocheckpoint = 0");
  }

  static std::string made(const std::filesystem::path& path) {
    const std::ofstream file(path);
    Database database(path);
    database.execute("PRAGMA journal_mode = WAL");
    database.execute("CREATE TABLE t (x)");
    database.execute("CREATE TABLE other (x)");
    return path;
  }
  void write_once(const std::string& table = "t") {
    ASSERT_EQ(write_lock_.try_take(), SQLITE_OK);
    const HeldWriteLock held(&write_lock_);
    writer_.execute("BEGIN IMMEDIATE");
    writer_.execute("INSERT INTO " + table + " VALUES (randomblob(900))");
    writer_.execute("COMMIT");
  }
  static std::int64_t rows(Database& database) {
    return database.integer_of("SELECT count(*) FROM t");
  }
  static bool is_sound(Database& database) {
    Statement check(database, "PRAGMA integrity_check");
    Query query(check);
    return query.next() && query.bytes(0) == "ok";
  }
  static int checkpoint(Database& database) {
    return sqlite3_wal_checkpoint_v2(database.get(), "main", SQLITE_CHECKPOINT_RESTART, nullptr,
                                     nullptr);
  }

  TemporaryDirectory directory_;
  const std::string path_ = made(directory_.path() / "t.db");
  Database writer_{path_};
  Database reader_{path_};
  const std::int64_t nothing_ = rows(writer_) + rows(reader_);  // both have the log open
  WalWriteLock write_lock_{writer_.get()};
};

TEST_F(LocalWriteLock, CostsTwoSystemCallsATransaction) {
  write_once();
  sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  vfs->xSetSystemCall(vfs, "fcntl", reinterpret_cast<sqlite3_syscall_ptr>(&counted_fcntl));
  locks_asked_for = 0;
  write_once();
  vfs->xSetSystemCall(vfs, "fcntl", nullptr);
  EXPECT_EQ(locks_asked_for, 2);
}

TEST_F(LocalWriteLock, IsOneConnectionsAtATime) {
  WalWriteLock other(reader_.get());
  ASSERT_EQ(write_lock_.try_take(), SQLITE_OK);
  EXPECT_EQ(other.try_take(), SQLITE_BUSY);
  EXPECT_THROW(reader_.execute("BEGIN IMMEDIATE"), SqliteError);
  EXPECT_EQ(checkpoint(reader_), SQLITE_BUSY);
  write_lock_.give_back();
  EXPECT_EQ(other.try_take(), SQLITE_OK);
  other.give_back();
}

TEST_F(LocalWriteLock, WhoeverReadsKeepsItsView) {
  write_once();
  reader_.execute("BEGIN");
  EXPECT_EQ(rows(reader_), 1);
  for (int i = 0; i < 50; ++i) {
    write_once();
    EXPECT_EQ(rows(reader_), 1);
  }
  EXPECT_EQ(checkpoint(writer_), SQLITE_BUSY);
  write_once();
  EXPECT_EQ(rows(reader_), 1);
  EXPECT_TRUE(is_sound(reader_));
  reader_.execute("COMMIT");
  EXPECT_EQ(rows(reader_), 52);
  EXPECT_EQ(checkpoint(writer_), SQLITE_OK);
}

// What it has not read yet is in the database, and newer in the log.
TEST_F(LocalWriteLock, MarkOfAReaderStaysWhereItIs) {
  write_once();
  EXPECT_EQ(checkpoint(writer_), SQLITE_OK);
  write_once("other");
  reader_.execute("BEGIN");
  EXPECT_EQ(reader_.integer_of("SELECT count(*) FROM other"), 1);
  write_once();
  write_once("other");
  EXPECT_EQ(checkpoint(writer_), SQLITE_BUSY);
  EXPECT_EQ(rows(reader_), 1);
  reader_.execute("COMMIT");
  EXPECT_EQ(rows(reader_), 2);
}

TEST_F(LocalWriteLock, WritesToALogThatStartsAnew) {
  for (int i = 0; i < 10; ++i) {
    write_once();
    write_once();
    EXPECT_EQ(checkpoint(i % 2 == 0 ? writer_ : reader_), SQLITE_OK);
    write_once();
    EXPECT_EQ(rows(reader_), 3 * (i + 1));
  }
  EXPECT_TRUE(is_sound(reader_));
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 100'000);
}

TEST_F(LocalWriteLock, ReaderOfTheDatabaseItselfHindersALogThatStartsAnewOnly) {
  write_once();
  EXPECT_EQ(checkpoint(writer_), SQLITE_OK);
  reader_.execute("BEGIN");
  EXPECT_EQ(rows(reader_), 1);
  write_once();
  EXPECT_EQ(rows(reader_), 1);
  EXPECT_EQ(checkpoint(writer_), SQLITE_BUSY);
  EXPECT_EQ(rows(reader_), 1);
  reader_.execute("COMMIT");
  EXPECT_EQ(rows(reader_), 2);
}

TEST_F(LocalWriteLock, HelpsItselfWhereNoMarkWillDo) {
  LogIndex index(path_ + "-shm");
  write_once();
  index.set_marks(0xFFFF'FFFF);
  write_once();
  EXPECT_EQ(rows(writer_), 2);
  EXPECT_EQ(rows(reader_), 2);
}

TEST_F(LocalWriteLock, MendsTheIndexThatADeadWriterLeftTorn) {
  LogIndex index(path_ + "-shm");
  for (int i = 0; i < 5; ++i) {
    write_once();
    index.set_marks(i % 2 == 0 ? 0xFFFF'FFFF : 1);
    index.tear_header();
    write_once();
    EXPECT_EQ(rows(reader_), 2 * (i + 1));
  }
  EXPECT_TRUE(is_sound(reader_));
}

}  // namespace
}  // namespace exclusive_lock::live
