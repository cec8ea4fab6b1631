#include "stores/local/sqlite.hpp"

#include <cerrno>
#include <utility>

#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

std::string message_of(sqlite3* database, int error_number) {
  std::string text = database == nullptr ? "out of memory" : sqlite3_errmsg(database);
  if (error_number != 0) {
    text += " (" + std::generic_category().message(error_number) + ")";
  }
  return text;
}

// sqlite.org/uri.html: as if the file could not change, so that its log is left alone.
std::string immutable_uri(std::string_view path) {
  std::string uri = "file:";
  for (const char c : path) {
    switch (c) {
      case '%':
        uri += "%25";
        break;
      case '?':
        uri += "%3F";
        break;
      case '#':
        uri += "%23";
        break;
      default:
        uri += c;
    }
  }
  return uri + "?immutable=1";
}

// Of the last call on that file that failed; 0: none has.
int last_error_of(sqlite3_file* file) {
  int error_number = 0;
  if (file != nullptr && file->pMethods != nullptr) {
    file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &error_number);
  }
  return error_number;
}

// For a write that failed, the files know; what sqlite3_system_errno gives is older if it failed in
// COMMIT. In the other cases SQLite keeps the number, and in yet others there is none.
int error_number_of(sqlite3* database) {
  if (database == nullptr) {
    return 0;
  }
  if (sqlite3_extended_errcode(database) == SQLITE_IOERR_WRITE) {
    for (const int file_pointer : {SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER}) {
      sqlite3_file* file = nullptr;
      sqlite3_file_control(database, "main", file_pointer, &file);
      if (const int error_number = last_error_of(file)) {
        return error_number;
      }
    }
  }
  switch (sqlite3_errcode(database) & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return sqlite3_system_errno(database);
    default:
      return 0;
  }
}

}  // namespace

SqliteError::SqliteError(sqlite3* database)
    : SqliteError(database == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(database),
                  error_number_of(database), message_of(database, error_number_of(database))) {}

SqliteError::SqliteError(int extended_code, int error_number, std::string message)
    : extended_code_(extended_code), error_number_(error_number), message_(std::move(message)) {}

errc SqliteError::code() const noexcept { return code_of_sqlite(extended_code_, error_number_); }

// Where the log could not be written, its last frame, which makes the rest valid, is missing or not
// whole. After any other failure the next process may find it valid.
void SqliteError::mark_as_commit() noexcept {
  const int primary_code = extended_code_ & 0xff;
  may_have_run_ = primary_code != SQLITE_FULL && primary_code != SQLITE_BUSY &&
                  extended_code_ != SQLITE_IOERR_WRITE;
}

errc code_of_sqlite(int extended_code, int error_number) noexcept {
  switch (extended_code & 0xff) {  // the low byte is the primary code, sqlite.org/rescode.html
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:  // lost a race for the log too often
      return errc::store_busy;
    case SQLITE_FULL:
      return errc::store_full;
    case SQLITE_NOMEM:
      return errc::store_out_of_memory;
    case SQLITE_READONLY:
      // The file was moved or deleted under us, or its log cannot be opened for writing.
      return extended_code == SQLITE_READONLY_DBMOVED ? errc::store_unavailable
                                                      : errc::store_read_only;
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return errc::permission_denied;
    case SQLITE_IOERR:
      return extended_code == SQLITE_IOERR_CORRUPTFS ? errc::store_corrupt
                                                     : code_of_errno(error_number);
    case SQLITE_CANTOPEN:
      return extended_code == SQLITE_CANTOPEN_SYMLINK ? errc::unsuitable_store
                                                      : code_of_errno(error_number);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:       // a table is missing: every statement here is tested on the right ones
    case SQLITE_CONSTRAINT:  // an index and its table disagree
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:  // what we write is shorter than what may be read
      return errc::store_corrupt;
    default:
      return errc::store_unavailable;
  }
}

Database::Database(const std::string& path, Mode mode) {
  sqlite3* opened = nullptr;
  // No mutex of its own: a Database belongs to one thread at a time. SQLite opens log and shared
  // memory with O_NOFOLLOW and gives them the mode of the database file.
  constexpr int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
  const int result =
      mode == Mode::normal
          ? sqlite3_open_v2(path.c_str(), &opened, flags | SQLITE_OPEN_READWRITE, nullptr)
          : sqlite3_open_v2(immutable_uri(path).c_str(), &opened,
                            flags | SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  handle_.reset(opened);
  if (result != SQLITE_OK) {
    throw SqliteError(opened);
  }
  sqlite3_extended_result_codes(opened, 1);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, static_cast<int>(max_sqlite_value_bytes));
}

void Database::execute(std::string_view sql) {
  if (sqlite3_exec(get(), std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw SqliteError(get());
  }
}

std::int64_t Database::integer_of(std::string_view sql) {
  Statement statement(*this, sql);
  Query query(statement);
  return query.next() ? query.integer(0) : 0;
}

bool Database::may_write() const {
  return !may_write_ || sqlite3_txn_state(get(), "main") == SQLITE_TXN_WRITE || may_write_();
}

sqlite3_stmt* Statement::get() {
  if (!handle_) {
    sqlite3_stmt* prepared = nullptr;
    const int result =
        sqlite3_prepare_v3(database_.get(), sql_.data(), static_cast<int>(sql_.size()),
                           SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    handle_.reset(prepared);
    if (result != SQLITE_OK) {
      throw SqliteError(database_.get());
    }
  }
  return handle_.get();
}

Query::Query(Statement& statement) : database_(statement.database().get()), run_(statement.get()) {
  if (sqlite3_stmt_readonly(run_) == 0 && !statement.database().may_write()) {
    throw SqliteError(SQLITE_BUSY, 0, "another request is first to write");
  }
}

Query& Query::bind(int parameter, std::int64_t value) {
  check(sqlite3_bind_int64(run_, parameter, value));
  return *this;
}

Query& Query::bind(int parameter, std::optional<std::int64_t> value) {
  if (value) {
    return bind(parameter, *value);
  }
  check(sqlite3_bind_null(run_, parameter));
  return *this;
}

Query& Query::bind_bytes(int parameter, std::string_view value) {
  // A null pointer would bind NULL.
  const char* const data = value.empty() ? "" : value.data();
  check(sqlite3_bind_blob64(run_, parameter, data, value.size(), SQLITE_STATIC));
  return *this;
}

bool Query::next() {
  const int result = sqlite3_step(run_);
  if (result == SQLITE_ROW) {
    return true;
  }
  check(result == SQLITE_DONE ? SQLITE_OK : result);
  return false;
}

void Query::run() {
  while (next()) {
  }
}

bool Query::is_null(int column) const { return sqlite3_column_type(run_, column) == SQLITE_NULL; }

std::optional<std::int64_t> Query::optional_integer(int column) const {
  return is_null(column) ? std::nullopt : std::optional(integer(column));
}

std::string_view Query::bytes(int column) const {
  const void* const data = sqlite3_column_blob(run_, column);
  const int size = sqlite3_column_bytes(run_, column);
  if (data == nullptr) {
    return {};
  }
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

void Query::check(int result) const {
  if (result != SQLITE_OK) {
    throw SqliteError(database_);
  }
}

}  // namespace exclusive_lock
