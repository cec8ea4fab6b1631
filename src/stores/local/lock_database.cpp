#include "stores/local/lock_database.hpp"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "local_sql.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr const char* database_file = "locks.db";
// "xlck": what says that the file is ours (sqlite.org/fileformat.html, offset 68).
constexpr std::int64_t application_id = 0x786C636B;
constexpr std::int64_t format_version = 3;

// How long opening waits for processes that open or repair it at the same time.
constexpr auto open_patience = 5s;
// Frames of 1 KiB: short enough that the first process after a crash reads the log in two
// milliseconds, long enough that fsync is called once in 500 pairs of acquire and release.
constexpr int checkpoint_frames = 1000;
constexpr auto checkpoint_patience = 50ms;
// Where nobody has the file open, the log is read anew by the next process, at some 2 us a frame.
// So the last one copies back what a command line tool has written in a hundred runs or more.
constexpr int most_frames_left = 200;

// A transaction takes some 5 us, so the first looks come without a pause.
constexpr int looks_without_pause = 10;
constexpr auto shortest_pause = 20us;
constexpr auto longest_pause = 2000us;

void make_database(const StoreDirectory& directory) {
  directory.sweep_unnamed();
  const std::string name = directory.make_unnamed();
  try {
    Database database(directory.path_of(name));
    // Nobody can see it yet, so it need not survive a power failure before it is whole.
    database.execute("PRAGMA synchronous = OFF");
    // Two or three records: each commit writes whole pages to the log, and adds up their bytes.
    database.execute("PRAGMA page_size = 1024");
    database.execute("PRAGMA journal_mode = WAL");
    database.execute("BEGIN");
    database.execute(local_sql::schema.text);
    database.execute(local_sql::waiters_schema.text);
    database.execute(local_sql::streak_schema.text);
    database.execute("PRAGMA application_id = " + std::to_string(application_id));
    database.execute("PRAGMA user_version = " + std::to_string(format_version));
    database.execute("COMMIT");
    // Closing it does the same, and does not tell where the disk fails: then all that is in the log
    // would stay behind with it, for the log of a file goes by the file's name.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch (const SqliteError& error) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      directory.remove(name + suffix);
    }
    throw_local(error.code(), directory.path(), std::string("cannot make it: ") + error.what());
  }
  directory.sync(name);
  directory.publish(name, database_file);
}

FileIdentity find_or_make(const StoreDirectory& directory) {
  if (const auto found = directory.find(database_file)) {
    return *found;
  }
  make_database(directory);  // or somebody else has, meanwhile
  if (const auto made = directory.find(database_file)) {
    return *made;
  }
  throw_local(errc::store_unavailable, directory.path(), "somebody deleted locks.db just now");
}

Database opened(const StoreDirectory& directory) {
  try {
    return Database(directory.path_of(database_file));
  } catch (const SqliteError& error) {
    throw_local(error.code(), directory.path(),
                std::string("cannot open locks.db: ") + error.what());
  }
}

}  // namespace

LockDatabase::LockDatabase(const StoreDirectory& directory)
    : directory_(directory),
      identity_(find_or_make(directory)),
      database_(opened(directory)),
      jitter_(std::random_device{}()),
      wait_until_(BootClock::now() + open_patience),
      checkpoint_at_(checkpoint_frames),
      begin_read_(database_, "BEGIN"),
      begin_write_(database_, "BEGIN IMMEDIATE"),
      commit_(database_, "COMMIT"),
      rollback_(database_, "ROLLBACK") {
  if (!is_intact()) {
    throw_local(errc::store_unavailable, directory.path(), "somebody replaced locks.db just now");
  }
  try {
    set_up();
    const std::int64_t version = checked_format();
    write_lock_.emplace(database_.get());
    frame_writer_.emplace(database_.get());
    if (version < format_version) {
      upgrade();
    }
  } catch (const SqliteError& error) {
    throw_local(error.code(), directory.path(),
                std::string("cannot use locks.db: ") + error.what());
  }
}

// Not each time: that would cost each run of a command line tool an fsync. SQLite does it only
// where nobody else has the file open, and then no commit can come in between.
LockDatabase::~LockDatabase() {
  if (log_frames_ > most_frames_left) {
    sqlite3_db_config(database_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
  }
}

void LockDatabase::set_up() {
  sqlite3* const handle = database_.get();
  sqlite3_busy_handler(handle, &LockDatabase::on_busy, this);
  // Rows that somebody has tampered with are found, and never run anything.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  database_.execute("PRAGMA cell_size_check = ON");
  database_.execute("PRAGMA synchronous = NORMAL");
  // But see the destructor.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  database_.execute("PRAGMA wal_autocheckpoint = 0");
  sqlite3_wal_hook(handle, &LockDatabase::on_commit, this);
  // After a burst of long contents the log shrinks to this again.
  database_.execute("PRAGMA journal_size_limit = 4194304");
  static_cast<void>(rollback_.get());  // so that it is there when nothing may be thrown
}

std::int64_t LockDatabase::checked_format() {
  if (database_.integer_of("PRAGMA page_count") == 0) {
    throw_local(errc::store_corrupt, directory_.path(), "locks.db is empty");
  }
  if (database_.integer_of("PRAGMA application_id") != application_id) {
    throw_local(errc::unsuitable_store, directory_.path(),
                "locks.db is a database of some other program");
  }
  const std::int64_t version = database_.integer_of("PRAGMA user_version");
  if (version > format_version) {
    throw_local(errc::unsuitable_store, directory_.path(),
                "locks.db has format " + std::to_string(version) +
                    " of a newer version of this library, which this one does not know");
  }
  Statement mode(database_, "PRAGMA journal_mode");
  Query query(mode);
  if (version < 1 || !query.next() || query.bytes(0) != "wal") {
    throw_local(errc::store_corrupt, directory_.path(), "locks.db is not as this library makes it");
  }
  return version;
}

// In one step: whoever is killed in it, or fails, leaves the file as it was. A process that still
// has it open goes on: with format 1 it does not see the queues, and what it frees the next beat
// finds; with format 2 it hands over, whatever the streak.
void LockDatabase::upgrade() {
  Transaction transaction(*this, Transaction::Kind::write);
  const std::int64_t version = database_.integer_of("PRAGMA user_version");
  if (version < 2) {
    database_.execute(local_sql::waiters_schema.text);
  }
  if (version < 3) {  // or somebody else has, meanwhile
    database_.execute(local_sql::streak_schema.text);
    database_.execute("PRAGMA user_version = " + std::to_string(format_version));
  }
  transaction.commit();
}

bool LockDatabase::is_intact() const { return directory_.find(database_file) == identity_; }

bool LockDatabase::checkpoint() noexcept {
  is_checkpointing_ = true;
  wait_until_ = BootClock::now() + checkpoint_patience;
  const int result = sqlite3_wal_checkpoint_v2(database_.get(), "main", SQLITE_CHECKPOINT_RESTART,
                                               nullptr, nullptr);
  is_checkpointing_ = false;
  // Where it did not work, somebody else is at it, or somebody reads: later, then.
  checkpoint_at_ = result == SQLITE_OK ? checkpoint_frames : log_frames_ + checkpoint_frames;
  if (result == SQLITE_OK) {
    log_frames_ = 0;
  }
  return result == SQLITE_OK;
}

int LockDatabase::on_busy(void* self, int count) {
  auto& database = *static_cast<LockDatabase*>(self);
  if (database.pause_while_busy(count)) {
    return 1;
  }
  if (database.is_checkpointing_) {
    // Without the right to write, SQLite would go on as the kind of checkpoint that must not be.
    sqlite3_interrupt(database.database_.get());
  }
  return 0;
}

// A little longer each time, with jitter, and never beyond the limit. False: give up.
bool LockDatabase::pause_while_busy(int count) {
  const auto left = wait_until_ - BootClock::now();
  if (left <= 0ns) {
    return false;
  }
  if (count < looks_without_pause) {
    ::sched_yield();
    return true;
  }
  const double growth = std::pow(1.5, std::min(count - looks_without_pause, 16));
  const double most_us = std::min<double>(shortest_pause.count() * growth, longest_pause.count());
  std::uniform_real_distribution<double> pause_us(most_us / 2, most_us);
  std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(
      left, std::chrono::nanoseconds(static_cast<std::int64_t>(1000 * pause_us(jitter_)))));
  return true;
}

HeldWriteLock LockDatabase::wait_for_write_lock() {
  int result = write_lock_->try_take();
  for (int count = 0; result == SQLITE_BUSY && pause_while_busy(count); ++count) {
    result = write_lock_->try_take();
  }
  if (result != SQLITE_OK) {
    throw SqliteError(result, 0, sqlite3_errstr(result));
  }
  return HeldWriteLock(&*write_lock_);
}

int LockDatabase::on_commit(void* self, sqlite3* /*database*/, const char* /*name*/,
                            int log_frames) {
  static_cast<LockDatabase*>(self)->log_frames_ = log_frames;
  return SQLITE_OK;
}

Transaction::Transaction(LockDatabase& database, Kind kind)
    : database_(database), write_lock_(write_lock_for(database, kind)) {
  Query(write_lock_ ? database.begin_write_ : database.begin_read_).run();
}

Transaction::~Transaction() {
  if (sqlite3_get_autocommit(database_.database_.get()) == 0) {
    // It can only fail where SQLite has rolled back already.
    sqlite3_stmt* const rollback = database_.rollback_.get();
    sqlite3_step(rollback);
    sqlite3_reset(rollback);
  }
}

HeldWriteLock Transaction::write_lock_for(LockDatabase& database, Kind kind) {
  switch (kind) {
    case Kind::look_first:
      break;
    case Kind::write:
      return database.wait_for_write_lock();
    case Kind::write_or_look:
      return HeldWriteLock(database.write_lock_->try_take() == SQLITE_OK ? &*database.write_lock_
                                                                         : nullptr);
  }
  return nullptr;
}

void Transaction::commit() {
  try {
    Query(database_.commit_).run();
  } catch (SqliteError& error) {
    error.mark_as_commit();
    throw;
  }
  write_lock_.reset();
}

}  // namespace exclusive_lock
