#pragma once
// SQLite's C API behind RAII types. Everything throws SqliteError; the caller of a verb of the
// store never sees it, because local_store.cpp turns it into a StoreFailure.
//
// Threads: a Database and all that was made from it belong to one thread at a time.

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/options_check.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

// Of one value or row: contents at their longest, and the rest of a record, which has some KiB.
// What is longer was not written by this library, and no memory is taken for it: SQLite answers
// SQLITE_TOOBIG (sqlite.org/c3ref/limit.html), which counts as damage.
inline constexpr std::size_t max_sqlite_value_bytes = max_contents_cap + 256 * 1024;

class SqliteError final : public std::exception {
 public:
  explicit SqliteError(sqlite3* database);
  SqliteError(int extended_code, int error_number, std::string message);

  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] errc code() const noexcept;
  // What it was about may be found in the database all the same.
  [[nodiscard]] bool may_have_run() const noexcept { return may_have_run_; }
  // It happened in COMMIT.
  void mark_as_commit() noexcept;

 private:
  int extended_code_;
  int error_number_;  // of the system call that failed, or 0
  std::string message_;
  bool may_have_run_ = false;
};

// Which kind of failure it is. `extended_code` as sqlite3_extended_errcode gives it, `error_number`
// as sqlite3_system_errno. Pure.
errc code_of_sqlite(int extended_code, int error_number) noexcept;

class Database {
 public:
  enum class Mode {
    normal,
    without_log,  // for reading what the file itself has; it must not be written meanwhile
  };
  // The file must exist and be reached without a symbolic link.
  explicit Database(const std::string& path, Mode mode = Mode::normal);

  [[nodiscard]] sqlite3* get() const noexcept { return handle_.get(); }
  // For statements that are run once.
  void execute(std::string_view sql);
  [[nodiscard]] std::int64_t integer_of(std::string_view sql);

  // Asked before a statement that would make a transaction a writing one. False: that statement
  // fails with store_busy, and nothing was done.
  void ask_before_writing(std::function<bool()> may_write) { may_write_ = std::move(may_write); }
  [[nodiscard]] bool may_write() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Close> handle_;
  std::function<bool()> may_write_;
};

// Prepared when it is first used, and kept. `sql` must outlive it.
class Statement {
 public:
  Statement(Database& database, std::string_view sql) noexcept : database_(database), sql_(sql) {}
  [[nodiscard]] sqlite3_stmt* get();
  [[nodiscard]] const Database& database() const noexcept { return database_; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
  };
  Database& database_;
  std::string_view sql_;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

// One execution of a statement. Parameters are numbered from 1, columns from 0; text and bytes that
// are bound, and those of columns, live as long as what they were taken from.
class Query {
 public:
  explicit Query(Statement& statement);
  ~Query() { sqlite3_reset(run_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& bind(int parameter, std::int64_t value);
  Query& bind(int parameter, std::optional<std::int64_t> value);
  Query& bind_bytes(int parameter, std::string_view value);

  // True: there is a row. False: it is done.
  [[nodiscard]] bool next();
  // For statements that have no rows.
  void run();

  [[nodiscard]] std::int64_t integer(int column) const {
    return sqlite3_column_int64(run_, column);
  }
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::optional<std::int64_t> optional_integer(int column) const;
  // Empty where it is NULL.
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  void check(int result) const;

  sqlite3* database_;
  sqlite3_stmt* run_;
};

}  // namespace exclusive_lock
