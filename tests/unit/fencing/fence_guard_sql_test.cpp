// The SQL statement of include/exclusive_lock/fence.hpp, on SQLite.

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {
namespace {

// docs/fencing.md shows this. begin: sql
// True: written. False: a higher fence has written this row before, or there is no such row.
bool write_guarded(sqlite3* database, const std::string& id, const std::string& value,
                   Fence fence) {
  const std::string sql(fence_guard_sql());
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(database));
  }
  const auto number = static_cast<sqlite3_int64>(fence.value);
  sqlite3_bind_text(statement, 1, value.c_str(), -1, SQLITE_TRANSIENT);
  sqlite3_bind_int64(statement, 2, number);
  sqlite3_bind_text(statement, 3, id.c_str(), -1, SQLITE_TRANSIENT);
  sqlite3_bind_int64(statement, 4, number);
  const bool is_done = sqlite3_step(statement) == SQLITE_DONE;
  sqlite3_finalize(statement);
  if (!is_done) {
    throw std::runtime_error(sqlite3_errmsg(database));
  }
  return sqlite3_changes(database) == 1;
}
// end: sql

class FenceGuardSql : public ::testing::Test {
 protected:
  FenceGuardSql() {
    sqlite3* opened = nullptr;
    EXPECT_EQ(sqlite3_open(":memory:", &opened), SQLITE_OK);
    database_.reset(opened);
    run("CREATE TABLE guarded (id TEXT PRIMARY KEY, value TEXT, fence BIGINT NOT NULL DEFAULT 0)");
    run("INSERT INTO guarded (id, value) VALUES ('report', 'old'), ('other', 'old')");
  }

  void run(const char* sql) {
    ASSERT_EQ(sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(database_.get());
  }

  [[nodiscard]] sqlite3* database() const { return database_.get(); }

  bool write(const std::string& value, std::uint64_t fence) {
    return write_guarded(database_.get(), "report", value, Fence{fence});
  }

  // "value/fence" of a row.
  std::string row(const std::string& id) {
    const std::string sql = "SELECT value || '/' || fence FROM guarded WHERE id = '" + id + "'";
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr), SQLITE_OK);
    EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW);
    std::string text = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
    return text;
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

TEST_F(FenceGuardSql, WritesWithTheFirstFenceAndHigherOnes) {
  EXPECT_TRUE(write("a", 5));
  EXPECT_EQ(row("report"), "a/5");
  EXPECT_TRUE(write("b", 6));
  EXPECT_EQ(row("report"), "b/6");
}

TEST_F(FenceGuardSql, WritesAgainWithTheSameFence) {
  EXPECT_TRUE(write("a", 5));
  EXPECT_TRUE(write("b", 5));
  EXPECT_EQ(row("report"), "b/5");
}

TEST_F(FenceGuardSql, RefusesALowerFence) {
  EXPECT_TRUE(write("a", 6));
  EXPECT_FALSE(write("late", 5));
  EXPECT_EQ(row("report"), "a/6");
}

TEST_F(FenceGuardSql, RefusesNoFenceEvenOnAFreshRow) {
  EXPECT_FALSE(write("x", 0));
  EXPECT_EQ(row("report"), "old/0");
}

TEST_F(FenceGuardSql, ComparesAsNumbersAndUpTo2To53) {
  EXPECT_TRUE(write("a", 9));
  EXPECT_TRUE(write("b", 10));
  EXPECT_FALSE(write("c", 9));
  EXPECT_TRUE(write("d", 9007199254740993));
  EXPECT_FALSE(write("e", 9007199254740992));
}

TEST_F(FenceGuardSql, WritesTheNamedRowOnly) {
  EXPECT_TRUE(write("a", 5));
  EXPECT_EQ(row("other"), "old/0");
  EXPECT_FALSE(write_guarded(database(), "absent", "a", Fence{5}));
}

}  // namespace
}  // namespace exclusive_lock
