#include "stores/local/wal_write_lock.hpp"

#include <cassert>

namespace exclusive_lock {
namespace {

// sqlite.org/walformat.html, "WAL Locks".
constexpr int write_lock = 0;
constexpr int first_read_lock = 3;

constexpr std::uint32_t bit_of(int lock) { return 1U << static_cast<unsigned>(lock); }

bool has(int flags, int flag) { return (flags & flag) != 0; }

}  // namespace

WalWriteLock::WalWriteLock(sqlite3* database)
    : methods_(database, SQLITE_FCNTL_FILE_POINTER, *this) {
  methods_.table().xShmLock = &WalWriteLock::on_lock;
}

WalWriteLock::~WalWriteLock() { assert(!is_held_); }

int WalWriteLock::try_take() noexcept {
  const int result = lock_as_sqlite(write_lock, 1, SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE);
  if (result == SQLITE_OK) {
    is_held_ = true;
    spares_ = true;
    refused_ = 0;
  }
  return result;
}

void WalWriteLock::give_back() noexcept {
  assert(spared_ == 0);  // or somebody would read without any lock
  is_held_ = false;
  spares_ = false;
  lock_as_sqlite(write_lock, 1, SQLITE_SHM_UNLOCK | SQLITE_SHM_EXCLUSIVE);
}

int WalWriteLock::on_lock(sqlite3_file* file, int first, int count, int flags) {
  return FileMethods<WalWriteLock>::owner_of(file).lock(first, count, flags);
}

int WalWriteLock::lock(int first, int count, int flags) {
  if (is_held_ && first == write_lock && count == 1) {
    return SQLITE_OK;
  }
  if (first >= first_read_lock && count == 1) {
    const bool is_spared = has(flags, SQLITE_SHM_SHARED) && (spared_ & bit_of(first)) != 0;
    if (is_spared && has(flags, SQLITE_SHM_UNLOCK)) {
      spared_ &= ~bit_of(first);
      return SQLITE_OK;
    }
    if (spares_ && has(flags, SQLITE_SHM_LOCK)) {
      return spare(first, flags);
    }
  }
  if (has(flags, SQLITE_SHM_LOCK)) {
    spares_ = false;
  }
  return lock_as_sqlite(first, count, flags);
}

// A shared one is had for the asking. An exclusive one, by which SQLite would bring a mark up to
// date, may be another reader's: refused, and SQLite goes on with the mark as it is. Where it asks
// a second time, no mark will do.
int WalWriteLock::spare(int lock, int flags) {
  if (has(flags, SQLITE_SHM_SHARED)) {
    spared_ |= bit_of(lock);
    return SQLITE_OK;
  }
  if ((refused_ & bit_of(lock)) == 0) {
    refused_ |= bit_of(lock);
    return SQLITE_BUSY;
  }
  spares_ = false;
  return lock_as_sqlite(lock, 1, flags);
}

int WalWriteLock::lock_as_sqlite(int first, int count, int flags) noexcept {
  return methods_.original().xShmLock(methods_.file(), first, count, flags);
}

}  // namespace exclusive_lock
