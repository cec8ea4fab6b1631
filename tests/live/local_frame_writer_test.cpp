// Frames of SQLite's log that are written in one call (wal_frame_writer.hpp): each does, whoever
// began the log, and transactions that write headers by themselves leave a log that is right.

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "live/temporary_directory.hpp"
#include "stores/local/sqlite.hpp"
#include "stores/local/wal_frame_writer.hpp"

namespace exclusive_lock::live {
namespace {

int writes_seen = 0;

ssize_t counted_write(int fd, const void* bytes, std::size_t size, off_t offset) {
  ++writes_seen;
  return ::pwrite(fd, bytes, size, offset);
}

class CountedWrites {
 public:
  CountedWrites() {
    writes_seen = 0;
    set(reinterpret_cast<sqlite3_syscall_ptr>(&counted_write));
  }
  ~CountedWrites() { set(nullptr); }
  CountedWrites(const CountedWrites&) = delete;
  CountedWrites& operator=(const CountedWrites&) = delete;

 private:
  static void set(sqlite3_syscall_ptr call) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
    vfs->xSetSystemCall(vfs, "pwrite", call);  // it has not both of these
    vfs->xSetSystemCall(vfs, "pwrite64", call);
  }
};

class LocalFrameWriter : public testing::Test {
 protected:
  LocalFrameWriter() {
    database_.execute("PRAGMA wal_autocheckpoint = 0");
    database_.execute("PRAGMA synchronous = NORMAL");
    other_.execute("PRAGMA wal_autocheckpoint = 0");
    static_cast<void>(rows(database_));
    writer_.emplace(database_.get());
  }

  static std::string made(const std::filesystem::path& path) {
    const std::ofstream file(path);
    Database database(path);
    database.execute("PRAGMA page_size = 1024");
    database.execute("PRAGMA journal_mode = WAL");
    database.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
    database.execute("INSERT INTO t VALUES (1, 'x')");
    return path;
  }
  static std::int64_t rows(Database& database) {
    return database.integer_of("SELECT count(*) FROM t");
  }
  static void checkpoint(Database& database) {
    ASSERT_EQ(sqlite3_wal_checkpoint_v2(database.get(), "main", SQLITE_CHECKPOINT_RESTART, nullptr,
                                        nullptr),
              SQLITE_OK);
  }
  void write_a_page() { database_.execute("UPDATE t SET x = x || 'y' WHERE id = 1"); }
  // What a process sees that finds the files after a crash.
  [[nodiscard]] std::int64_t rows_after_a_crash() const {
    const std::string copy = path_ + ".copy";
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(path_ + suffix, copy + suffix,
                                 std::filesystem::copy_options::overwrite_existing);
    }
    Database found(copy);
    EXPECT_EQ(found.integer_of("SELECT count(*) FROM pragma_integrity_check "
                               "WHERE integrity_check <> 'ok'"),
              0);
    return rows(found);
  }

  TemporaryDirectory directory_;
  const std::string path_ = made(directory_.path() / "t.db");
  Database database_{path_};
  Database other_{path_};
  std::optional<WalFrameWriter> writer_;
};

TEST_F(LocalFrameWriter, OneCallAFrame) {
  write_a_page();
  {
    const CountedWrites counted;
    write_a_page();
    EXPECT_EQ(writes_seen, 1);
    database_.execute("INSERT INTO t VALUES (NULL, zeroblob(10000))");
    EXPECT_LT(writes_seen, 1 + 15);
  }
  EXPECT_EQ(rows_after_a_crash(), 2);
}

TEST_F(LocalFrameWriter, OneCallAFrameOfALogThatSomebodyElseBegan) {
  for (int i = 0; i < 10; ++i) {
    write_a_page();
  }
  checkpoint(other_);
  other_.execute("INSERT INTO t VALUES (NULL, 'other')");
  {
    const CountedWrites counted;
    write_a_page();
    EXPECT_EQ(writes_seen, 1);
  }
  EXPECT_EQ(rows(other_), 2);
}

// SQLite writes pages before the commit, some of them again, and then the headers from the first of
// those on.
TEST_F(LocalFrameWriter, TransactionThatIsLargerThanTheCacheIsWhole) {
  database_.execute("PRAGMA cache_size = 10");
  for (int round = 1; round <= 3; ++round) {
    database_.execute("BEGIN");
    for (int i = 0; i < 300; ++i) {
      database_.execute("INSERT INTO t VALUES (NULL, randomblob(400))");
      database_.execute("UPDATE t SET x = randomblob(400) WHERE id = 1 + abs(random()) % 100");
    }
    database_.execute("COMMIT");
    EXPECT_EQ(rows_after_a_crash(), 300 * round + 1);
    EXPECT_EQ(rows(other_), 300 * round + 1);
    checkpoint(round % 2 == 0 ? other_ : database_);
    write_a_page();
  }
}

TEST_F(LocalFrameWriter, DatabaseOutlivesIt) {
  write_a_page();
  writer_.reset();
  write_a_page();
  EXPECT_EQ(rows_after_a_crash(), 1);
}

}  // namespace
}  // namespace exclusive_lock::live
