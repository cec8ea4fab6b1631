#include "stores/local/lock_database.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "stores/local/local_error.hpp"
#include "stores/local/store_files.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr int page_bytes = 1024;  // store_files.cpp
// Frames of 1 KiB: short enough that the first process after a crash reads the log in two
// milliseconds, long enough that fsync is called once in 500 pairs of acquire and release.
constexpr int checkpoint_frames = 1000;
constexpr auto checkpoint_limit = 50ms;
// Where no process has the file open, the log is read anew by the next process, at some 2 us a
// frame. So the last one copies back what a command line tool has written in a hundred runs or
// more.
constexpr int max_frames_left = 200;

// A transaction takes some 10 us, so the first looks come without a pause. Later ones are short and
// do not grow: a process that waits long must be as likely to get the next turn as a new one, and
// where many threads want few processors, one that sleeps gets its turn sooner than one that
// yields.
constexpr int looks_without_pause = 3;
constexpr int min_pause_us = 20;
constexpr int max_pause_us = 200;
// Once a claim was met.
constexpr auto pause_before_transactions = 50us;
constexpr auto pauses_last = 60s;

Database opened(const StoreDirectory& directory, HoldersFile& holders) {
  try {
    return open_store_database(directory, holders);
  } catch (const SqliteError& error) {
    throw_local(error.code(), directory.folder(),
                std::string("cannot open locks.db: ") + error.what());
  }
}

}  // namespace

LockDatabase::LockDatabase(const StoreDirectory& directory, HoldersFile& holders,
                           const Machine& machine)
    : directory_(directory),
      holders_(holders),
      database_(opened(directory, holders)),
      claim_(holders, machine),
      jitter_(std::random_device{}()),
      wait_{.until = BootClock::now()},
      checkpoint_at_(checkpoint_frames),
      page_count_(database_, "PRAGMA page_count"),
      begin_read_(database_, "BEGIN"),
      begin_write_(database_, "BEGIN IMMEDIATE"),
      commit_(database_, "COMMIT"),
      rollback_(database_, "ROLLBACK") {
  try {
    set_up();
  } catch (const SqliteError& error) {
    throw_local(error.code(), directory.folder(),
                std::string("cannot use locks.db: ") + error.what());
  }
}

// Not each time: that would cost each run of a command line tool an fsync.
LockDatabase::~LockDatabase() {
  if (log_frames_ > max_frames_left) {
    checkpoint(SQLITE_CHECKPOINT_TRUNCATE);
  }
}

void LockDatabase::set_up() {
  sqlite3* const handle = database_.get();
  sqlite3_busy_handler(handle, &LockDatabase::on_busy, this);
  // Rows that were tampered with are found, and never run anything.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  database_.execute("PRAGMA cell_size_check = ON");
  database_.execute("PRAGMA synchronous = NORMAL");
  database_.execute("PRAGMA wal_autocheckpoint = 0");
  sqlite3_wal_hook(handle, &LockDatabase::on_commit, this);
  database_.ask_before_writing([this] { return may_write(); });
  // After a burst of long contents the log shrinks to this again.
  database_.execute("PRAGMA journal_size_limit = 4194304");
  static_cast<void>(rollback_.get());  // so that it is there when nothing may be thrown
}

bool LockDatabase::checkpoint() noexcept { return checkpoint(SQLITE_CHECKPOINT_RESTART); }

bool LockDatabase::checkpoint(int mode) noexcept {
  wait_.until = BootClock::now() + checkpoint_limit;
  int result = SQLITE_BUSY;
  try {
    const HoldersFile::Gate gate(holders_, HoldersFile::Gate::Kind::shared, wait_.until);
    if (holders_.is_current()) {
      is_checkpointing_ = true;
      result = sqlite3_wal_checkpoint_v2(database_.get(), "main", mode, nullptr, nullptr);
      is_checkpointing_ = false;
    }
  } catch (const LocalError&) {
    // Another process makes new files.
  }
  // Where it did not work, another process does it, or reads: later, then.
  checkpoint_at_ = result == SQLITE_OK ? checkpoint_frames : log_frames_ + checkpoint_frames;
  if (result == SQLITE_OK) {
    log_frames_ = 0;
  }
  return result == SQLITE_OK;
}

int LockDatabase::on_busy(void* self, int count) {
  auto& database = *static_cast<LockDatabase*>(self);
  if (database.may_wait_ && database.pause_while_busy(count)) {
    return 1;
  }
  if (database.is_checkpointing_) {
    // Without the right to write, SQLite would go on as the kind of checkpoint that must not be.
    sqlite3_interrupt(database.database_.get());
  }
  return 0;
}

bool LockDatabase::may_write() noexcept {
  if (wait_.may_claim || !claim_.is_made_by_another()) {
    return true;
  }
  claim_met_at_ = BootClock::now();
  return false;
}

void LockDatabase::pause_where_claims_were_met() const {
  if (claim_met_at_ && !wait_.may_claim && BootClock::now() < *claim_met_at_ + pauses_last) {
    std::this_thread::sleep_for(pause_before_transactions);
  }
}

// With jitter, and never beyond the limit. False: give up.
bool LockDatabase::pause_while_busy(int count) {
  const auto left = wait_.until - BootClock::now();
  if (left <= 0ns) {
    return false;
  }
  if (count >= looks_without_pause) {
    std::uniform_int_distribution<int> pause_us(min_pause_us, max_pause_us);
    std::this_thread::sleep_for(
        std::min<std::chrono::nanoseconds>(left, std::chrono::microseconds(pause_us(jitter_))));
  }
  return true;
}

// It writes behind the end of the file in a transaction that writes. A checkpoint that does not
// hold the right to write could copy a page there in between, and lose it: so none of our own is
// passive (on_busy), and no other program may make one (docs/local_store.md).
std::int64_t LockDatabase::make_room() {
  static constexpr std::array<char, page_bytes> empty{};
  Query count(page_count_);
  const std::int64_t pages = count.next() ? count.integer(0) : 0;
  if (pages <= committed_pages_) {
    return committed_pages_;
  }
  sqlite3* const handle = database_.get();
  sqlite3_file* file = nullptr;
  sqlite3_int64 bytes = 0;
  int result = sqlite3_file_control(handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  if (result == SQLITE_OK) {
    result = file->pMethods->xFileSize(file, &bytes);
  }
  for (; result == SQLITE_OK && bytes < pages * page_bytes; bytes += page_bytes) {
    result = file->pMethods->xWrite(file, empty.data(), page_bytes, bytes);
  }
  if (result != SQLITE_OK) {
    int error_number = 0;
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &error_number);
    throw SqliteError(result, error_number, sqlite3_errstr(result));
  }
  return pages;
}

int LockDatabase::on_commit(void* self, sqlite3* /*database*/, const char* /*name*/,
                            int log_frames) {
  static_cast<LockDatabase*>(self)->log_frames_ = log_frames;
  return SQLITE_OK;
}

Transaction::Transaction(LockDatabase& database, Kind kind) : database_(database) {
  database_.pause_where_claims_were_met();
  if (kind == Kind::look_first) {
    enter_gate();
    Query(database.begin_read_).run();
    return;
  }
  for (int count = 0; !begin_write(); ++count) {
    gate_.reset();
    if (database.wait_.may_claim) {
      database.claim_.make();
    }
    if (!database.pause_while_busy(count)) {
      throw SqliteError(SQLITE_BUSY, 0, "another process is writing, or was stopped while it did");
    }
  }
}

void Transaction::enter_gate() {
  gate_.emplace(database_.holders_, HoldersFile::Gate::Kind::shared, database_.wait_.until);
  if (!database_.holders_.is_current()) {
    throw_local(errc::store_unavailable, database_.directory_.folder(),
                "its files were deleted or replaced while it was open");
  }
}

// False: another process is writing.
bool Transaction::begin_write() {
  enter_gate();
  database_.may_wait_ = false;
  try {
    Query(database_.begin_write_).run();
    database_.may_wait_ = true;
  } catch (const SqliteError& error) {
    database_.may_wait_ = true;
    if (error.code() != errc::store_busy) {
      throw;
    }
    return false;
  }
  return true;
}

Transaction::~Transaction() {
  if (sqlite3_get_autocommit(database_.database_.get()) == 0) {
    // It can only fail where SQLite has rolled back already.
    sqlite3_stmt* const rollback = database_.rollback_.get();
    sqlite3_step(rollback);
    sqlite3_reset(rollback);
  }
}

void Transaction::commit() {
  const bool writes = sqlite3_txn_state(database_.database_.get(), "main") == SQLITE_TXN_WRITE;
  const std::int64_t pages = writes ? database_.make_room() : database_.committed_pages_;
  try {
    Query(database_.commit_).run();
    database_.committed_pages_ = pages;
  } catch (SqliteError& error) {
    error.mark_as_commit();
    throw;
  }
  gate_.reset();
  database_.claim_.end();
}

}  // namespace exclusive_lock
