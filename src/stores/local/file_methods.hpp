#pragma once
// Methods of ours in the table of a file that SQLite has open
// (sqlite.org/c3ref/io_methods.html). SQLite's own come back when this is destroyed, which must be
// before the database is closed.

#include <sqlite3.h>

#include <algorithm>

namespace exclusive_lock {

template <class Owner>
class FileMethods {
 public:
  // `which`: SQLITE_FCNTL_FILE_POINTER, or SQLITE_FCNTL_JOURNAL_POINTER, which is the log in WAL
  // mode. The file must be open: the database has been read.
  FileMethods(sqlite3* database, int which, Owner& owner) {
    sqlite3_file_control(database, "main", which, &file_);
    own_ = {.table = *file_->pMethods, .owner = &owner};
    own_.table.iVersion = std::min(own_.table.iVersion, 3);  // what this table has room for
    original_ = file_->pMethods;
    file_->pMethods = &own_.table;
  }
  ~FileMethods() { file_->pMethods = original_; }
  FileMethods(const FileMethods&) = delete;
  FileMethods& operator=(const FileMethods&) = delete;

  [[nodiscard]] sqlite3_io_methods& table() noexcept { return own_.table; }
  [[nodiscard]] const sqlite3_io_methods& original() const noexcept { return *original_; }
  [[nodiscard]] sqlite3_file* file() const noexcept { return file_; }
  [[nodiscard]] static Owner& owner_of(sqlite3_file* file) noexcept {
    return *reinterpret_cast<const Own*>(file->pMethods)->owner;
  }

 private:
  // What SQLite finds its methods by is the beginning of what we find the owner by.
  struct Own {
    sqlite3_io_methods table;
    Owner* owner;
  };

  sqlite3_file* file_ = nullptr;
  const sqlite3_io_methods* original_ = nullptr;
  Own own_{};
};

}  // namespace exclusive_lock
