#pragma once
// The database file of a store: made, opened, checked; waiting for other processes; the log.
//
// SQLite in WAL mode, synchronous=NORMAL: a commit is a write to the log without fsync. It survives
// kill -9 at any instruction, because the kernel holds what was written and SQLite ignores a log
// frame that is not whole. Power failure can take the last commits, and need not be survived:
// a reboot voids every record anyway (they name the boot they were written in), and fences go on
// growing by time (G2). NORMAL keeps the file itself sound over a power failure, which OFF would
// not.
//
// The log is copied back into the database ("checkpoint") by whoever finds it long. Not by SQLite's
// automatic one: before 3.51.3 a checkpoint that runs beside a commit that starts the log anew can
// lose a commit (sqlite.org/wal.html, "the WAL-reset bug"), and a lost commit is a lost lock.
// Ours holds the write lock from before it reads the log's state until its end, so that no commit
// can come in between. SQLite's own is left to the last process that closes a file whose log is
// long.
//
// A new database is made whole under another name and then given its own, so that there is no
// instant at which somebody could meet half of one.

#include <optional>
#include <random>

#include "exclusive_lock/clock.hpp"
#include "stores/local/directory.hpp"
#include "stores/local/sqlite.hpp"
#include "stores/local/wal_frame_writer.hpp"
#include "stores/local/wal_write_lock.hpp"

namespace exclusive_lock {

class LockDatabase {
 public:
  // Opens the directory's database, makes it if there is none. Throws LocalError. `directory` must
  // outlive it.
  explicit LockDatabase(const StoreDirectory& directory);
  ~LockDatabase();
  LockDatabase(const LockDatabase&) = delete;
  LockDatabase& operator=(const LockDatabase&) = delete;

  [[nodiscard]] Database& database() noexcept { return database_; }

  // How long the following transactions wait for other processes.
  void wait_until(Instant limit) noexcept { wait_until_ = limit; }

  // False where somebody has deleted or replaced the file: others may use another one now.
  [[nodiscard]] bool is_intact() const;

  [[nodiscard]] bool is_checkpoint_due() const noexcept { return log_frames_ >= checkpoint_at_; }
  // Whether the log was copied back as a whole. Waits for other processes for a moment only.
  bool checkpoint() noexcept;

 private:
  friend class Transaction;
  static int on_busy(void* self, int count);
  static int on_commit(void* self, sqlite3* database, const char* name, int log_frames);
  void set_up();
  [[nodiscard]] std::int64_t checked_format();
  void upgrade();
  bool pause_while_busy(int count);
  HeldWriteLock wait_for_write_lock();

  const StoreDirectory& directory_;
  FileIdentity identity_;
  Database database_;
  // None until the database has been read.
  std::optional<WalWriteLock> write_lock_;
  std::optional<WalFrameWriter> frame_writer_;
  std::minstd_rand jitter_;
  Instant wait_until_;
  bool is_checkpointing_ = false;
  int log_frames_ = 0;
  int checkpoint_at_;
  Statement begin_read_;
  Statement begin_write_;
  Statement commit_;
  Statement rollback_;
};

// What is done in it is done as one step, or not at all. Rolled back unless commit() was called.
class Transaction {
 public:
  enum class Kind {
    // Starts with a look. The first write makes it a writing one, which fails with store_busy,
    // without waiting, if somebody has written since the look, or is writing.
    look_first,
    // Waits for the right to write at the start.
    write,
    // As `write` where nobody writes at the start, else as `look_first`.
    write_or_look,
  };
  Transaction(LockDatabase& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  static HeldWriteLock write_lock_for(LockDatabase& database, Kind kind);

  LockDatabase& database_;
  HeldWriteLock write_lock_;
};

}  // namespace exclusive_lock
