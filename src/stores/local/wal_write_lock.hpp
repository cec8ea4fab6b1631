#pragma once
// The lock that lets one connection at a time write the log, taken before a transaction begins.
//
// SQLite takes it in the middle of one, after a read lock, whose mark it may have to bring up to
// date under a third (sqlite.org/walformat.html, "WAL Locks"): six system calls a transaction, a
// quarter of an uncontended pair. A read lock keeps two things from its reader: that the log starts
// anew, which only the holder of the write lock may do, and that pages newer than its view come
// into the database, of which there are none while nobody else writes. So who holds this lock needs
// no other, and SQLite is told that it has those that it asks for: two system calls
// (docs/decisions/0016-the-write-lock-first.md).
//
// What is no plain transaction is locked as without us, from there on: a log that is recovered, or
// started anew, and a mark that SQLite cannot do without.

#include <sqlite3.h>

#include <cstdint>
#include <memory>

#include "stores/local/file_methods.hpp"

namespace exclusive_lock {

class WalWriteLock {
 public:
  // The database must be in WAL mode and have been read, and outlive it.
  explicit WalWriteLock(sqlite3* database);
  ~WalWriteLock();
  WalWriteLock(const WalWriteLock&) = delete;
  WalWriteLock& operator=(const WalWriteLock&) = delete;

  // SQLITE_OK: it is held. SQLITE_BUSY: somebody else has it. Not between BEGIN and COMMIT.
  int try_take() noexcept;
  // Once the transaction is over, statements that read included.
  void give_back() noexcept;

 private:
  static int on_lock(sqlite3_file* file, int first, int count, int flags);
  int lock(int first, int count, int flags);
  int spare(int lock, int flags);
  int lock_as_sqlite(int first, int count, int flags) noexcept;

  FileMethods<WalWriteLock> methods_;
  bool is_held_ = false;
  bool spares_ = false;  // read locks that SQLite asks for
  // Bits by number of the lock: those that SQLite takes itself to have, and those it was refused.
  std::uint32_t spared_ = 0;
  std::uint32_t refused_ = 0;
};

struct GiveBackWriteLock {
  void operator()(WalWriteLock* lock) const noexcept { lock->give_back(); }
};
using HeldWriteLock = std::unique_ptr<WalWriteLock, GiveBackWriteLock>;

}  // namespace exclusive_lock
