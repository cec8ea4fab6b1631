// The codes and messages for failures of the kernel and of SQLite (docs/failure_modes.md, 47 to
// 53).

#include "stores/local/local_error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cerrno>
#include <functional>
#include <string>

#include "stores/local/sqlite.hpp"

namespace exclusive_lock {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(LocalError, SystemCallsHaveTheirKind) {
  EXPECT_EQ(code_of_errno(ENOSPC), errc::store_full);
  EXPECT_EQ(code_of_errno(EDQUOT), errc::store_full);
  EXPECT_EQ(code_of_errno(EFBIG), errc::store_full);
  EXPECT_EQ(code_of_errno(EROFS), errc::store_read_only);
  EXPECT_EQ(code_of_errno(EACCES), errc::permission_denied);
  EXPECT_EQ(code_of_errno(EPERM), errc::permission_denied);
  EXPECT_EQ(code_of_errno(ELOOP), errc::unsuitable_store);
  EXPECT_EQ(code_of_errno(EIO), errc::store_unavailable);
  EXPECT_EQ(code_of_errno(EMFILE), errc::store_unavailable);
}

TEST(LocalError, SqliteCodesHaveTheirKind) {
  EXPECT_EQ(code_of_sqlite(SQLITE_BUSY, 0), errc::store_busy);
  EXPECT_EQ(code_of_sqlite(SQLITE_BUSY_SNAPSHOT, 0), errc::store_busy);
  EXPECT_EQ(code_of_sqlite(SQLITE_BUSY_RECOVERY, 0), errc::store_busy);
  EXPECT_EQ(code_of_sqlite(SQLITE_PROTOCOL, 0), errc::store_busy);
  EXPECT_EQ(code_of_sqlite(SQLITE_FULL, 0), errc::store_full);
  EXPECT_EQ(code_of_sqlite(SQLITE_IOERR_WRITE, EDQUOT), errc::store_full);
  EXPECT_EQ(code_of_sqlite(SQLITE_IOERR_WRITE, EFBIG), errc::store_full);
  EXPECT_EQ(code_of_sqlite(SQLITE_IOERR_SHMSIZE, ENOSPC), errc::store_full);
  EXPECT_EQ(code_of_sqlite(SQLITE_IOERR_WRITE, EROFS), errc::store_read_only);
  EXPECT_EQ(code_of_sqlite(SQLITE_IOERR_READ, EIO), errc::store_unavailable);
  EXPECT_EQ(code_of_sqlite(SQLITE_READONLY, 0), errc::store_read_only);
  EXPECT_EQ(code_of_sqlite(SQLITE_READONLY_DBMOVED, 0), errc::store_unavailable);
  EXPECT_EQ(code_of_sqlite(SQLITE_CANTOPEN, EACCES), errc::permission_denied);
  EXPECT_EQ(code_of_sqlite(SQLITE_CANTOPEN, ELOOP), errc::unsuitable_store);
  EXPECT_EQ(code_of_sqlite(SQLITE_CANTOPEN_SYMLINK, 0), errc::unsuitable_store);
  EXPECT_EQ(code_of_sqlite(SQLITE_CORRUPT, 0), errc::store_corrupt);
  EXPECT_EQ(code_of_sqlite(SQLITE_CORRUPT_INDEX, 0), errc::store_corrupt);
  EXPECT_EQ(code_of_sqlite(SQLITE_NOTADB, 0), errc::store_corrupt);
  EXPECT_EQ(code_of_sqlite(SQLITE_TOOBIG, 0), errc::store_corrupt);
  EXPECT_EQ(code_of_sqlite(SQLITE_IOERR_CORRUPTFS, 0), errc::store_corrupt);
  EXPECT_EQ(code_of_sqlite(SQLITE_NOMEM, 0), errc::store_out_of_memory);
}

// The log's last frame makes a commit valid. Where it could not be written, nothing was committed.
TEST(LocalError, OnlyACommitThatMayBeValidMayHaveRun) {
  const auto may_have_run = [](int code) {
    SqliteError error(code, 0, "");
    EXPECT_FALSE(error.may_have_run()) << "before the commit nothing is valid";
    error.mark_as_commit();
    return error.may_have_run();
  };
  EXPECT_FALSE(may_have_run(SQLITE_FULL));
  EXPECT_FALSE(may_have_run(SQLITE_IOERR_WRITE));
  EXPECT_FALSE(may_have_run(SQLITE_BUSY));
  EXPECT_TRUE(may_have_run(SQLITE_IOERR_FSYNC));
  EXPECT_TRUE(may_have_run(SQLITE_IOERR_SHMMAP));
  EXPECT_TRUE(may_have_run(SQLITE_NOMEM));
}

TEST(LocalError, MessageSaysWhereWhatAndWhatToDo) {
  const std::string text = local_message(errc::store_corrupt, "/some/dir", "bad page");
  EXPECT_THAT(text, HasSubstr("/some/dir"));
  EXPECT_THAT(text, HasSubstr("bad page"));
  EXPECT_THAT(text, HasSubstr("nothing was changed or deleted"));
  EXPECT_THAT(text, HasSubstr("move its files elsewhere"));
}

TEST(LocalError, MessageOfSqliteNamesTheErrorOfTheSystemIfThereIsOne) {
  const auto message_of = [](const std::function<void()>& call) -> std::string {
    try {
      call();
    } catch (const SqliteError& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(message_of([] { const Database database("/nowhere/locks.db"); }),
              HasSubstr("(No such file or directory)"));
  sqlite3* memory = nullptr;
  ASSERT_EQ(sqlite3_open(":memory:", &memory), SQLITE_OK);
  sqlite3_exec(memory, "nonsense", nullptr, nullptr, nullptr);
  EXPECT_THAT(message_of([memory] { throw SqliteError(memory); }),
              testing::EndsWith("syntax error"));
  sqlite3_close(memory);
}

TEST(LocalError, MessageIsFitForATerminal) {
  EXPECT_THAT(local_message(errc::store_busy, "/a\x1b[2J", "x\ny"),
              testing::AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\n"))));
}

}  // namespace
}  // namespace exclusive_lock
