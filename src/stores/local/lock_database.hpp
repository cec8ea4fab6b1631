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
// The log is copied back into the database ("checkpoint") by the process that finds it long. Not by
// SQLite's automatic one: before 3.51.3 a checkpoint that runs beside a commit that starts the log
// anew can lose a commit (sqlite.org/wal.html, "the WAL-reset bug"), and a lost commit is a lost
// lock. Ours holds the write lock from before it reads the log's state until its end, so that no
// commit can come in between. A store that is closed does the same where the log is long, because
// the next process would have to read it; and it never deletes the log, which `holders` names.
//
// A full disk. What a commit adds to the database is written to the log, and could not be copied
// back where the database has no space to grow; then the log could not start anew, and no lock be
// released. So a transaction that adds pages reserves space for them in the file before it commits.
// It has the write lock, so no checkpoint runs that writes there.
//
// Which files are the store's: holders_file.hpp, store_files.hpp. Each transaction is made within
// the gate, and finds out at its beginning whether they still are.
//
// Waiting for a writer. A transaction takes some 10 us, and nothing is done in it but statements. A
// process that loses the processor, or is stopped, within one keeps the others from writing for so
// long. They try again after short pauses that do not grow, and not within the gate: here until the
// limit of the request, then as late requests (late_requests.hpp). Who is next among them is left
// to chance, but for requests that must not wait long: they claim the next turn (write_claim.hpp).
//
// A loaded machine. A thread that has used up its time slice loses the processor, and where a
// hundred threads want to run it gets it back after a second. A thread that writes again and again
// is within a transaction most of the time, so it loses the processor within one. So a store that
// meets a claim sleeps for a moment before each of its transactions, for a minute: a thread that
// has just been woken has its time slice before it.

#include <cstdint>
#include <optional>
#include <random>

#include "exclusive_lock/clock.hpp"
#include "stores/local/directory.hpp"
#include "stores/local/holders_file.hpp"
#include "stores/local/machine.hpp"
#include "stores/local/sqlite.hpp"
#include "stores/local/write_claim.hpp"

namespace exclusive_lock {

// How a request waits for other processes.
struct Wait {
  Instant until;
  // It goes before requests without a claim, and claims the next turn where it finds the store
  // busy.
  bool may_claim = false;
};

class LockDatabase {
 public:
  // Opens the directory's database, makes it if there is none. Throws LocalError. All must outlive
  // it.
  LockDatabase(const StoreDirectory& directory, HoldersFile& holders, const Machine& machine);
  ~LockDatabase();
  LockDatabase(const LockDatabase&) = delete;
  LockDatabase& operator=(const LockDatabase&) = delete;

  [[nodiscard]] Database& database() noexcept { return database_; }

  // How the following transactions wait.
  void set_wait(Wait wait) noexcept { wait_ = wait; }

  // Not while another process claims to write next: it waits for the disk.
  [[nodiscard]] bool is_checkpoint_due() const noexcept {
    return log_frames_ >= checkpoint_at_ && !claim_.is_made_by_another();
  }
  // Whether the log was copied back as a whole. Waits for other processes for a moment only.
  bool checkpoint() noexcept;

 private:
  friend class Transaction;
  static int on_busy(void* self, int count);
  static int on_commit(void* self, sqlite3* database, const char* name, int log_frames);
  bool may_write() noexcept;
  void pause_where_claims_were_met() const;
  void set_up();
  bool checkpoint(int mode) noexcept;
  bool pause_while_busy(int count);
  // In a transaction: reserves space in the file for all its pages, whose number it returns. Throws
  // SqliteError.
  std::int64_t make_room();

  const StoreDirectory& directory_;
  const HoldersFile& holders_;
  Database database_;
  WriteClaim claim_;
  std::minstd_rand jitter_;
  Wait wait_;
  std::optional<Instant> claim_met_at_;
  bool is_checkpointing_ = false;
  bool may_wait_ = true;  // in the busy handler
  int log_frames_ = 0;
  int checkpoint_at_;
  // Space that was reserved and rolled back, a checkpoint cuts off; a database never shrinks.
  std::int64_t committed_pages_ = 0;
  Statement page_count_;
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
    // without waiting, if another process has written since the look, or is writing.
    look_first,
    // Waits for the right to write at the start.
    write,
  };
  // Throws LocalError where the files are not the store's any more.
  Transaction(LockDatabase& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  void enter_gate();
  bool begin_write();

  LockDatabase& database_;
  std::optional<HoldersFile::Gate> gate_;
};

}  // namespace exclusive_lock
