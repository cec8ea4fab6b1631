#include "stores/local/store_files.hpp"

#include <chrono>
#include <optional>
#include <string>

#include "exclusive_lock/clock.hpp"
#include "local_sql.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;
using Gate = HoldersFile::Gate;

constexpr const char* database_name = "locks.db";
constexpr const char* log_name = "locks.db-wal";
constexpr const char* shared_memory_name = "locks.db-shm";
// "xlck": what says that the file is ours (sqlite.org/fileformat.html, offset 68).
constexpr std::int64_t application_id = 0x786C636B;
constexpr std::int64_t format_version = 5;
constexpr auto open_limit = 5s;
// Each is one more change that was made to the files in the meantime.
constexpr int max_opening_tries = 10;

// None: one of them is missing.
std::optional<StoreFiles> files_in(const StoreDirectory& directory) {
  const auto database = directory.find(database_name);
  const auto log = directory.find(log_name);
  const auto shared_memory = directory.find(shared_memory_name);
  if (!database || !log || !shared_memory) {
    return std::nullopt;
  }
  return StoreFiles{.database = *database, .log = *log, .shared_memory = *shared_memory};
}

void check_format(Database& database, const StoreDirectory& directory) {
  if (database.integer_of("PRAGMA page_count") == 0) {
    throw_local(errc::store_corrupt, directory.folder(), "locks.db is empty");
  }
  if (database.integer_of("PRAGMA application_id") != application_id) {
    throw_local(errc::unsuitable_store, directory.folder(),
                "locks.db is a database of some other program");
  }
  const std::int64_t version = database.integer_of("PRAGMA user_version");
  if (version > format_version) {
    throw_local(errc::unsuitable_store, directory.folder(),
                "locks.db has format " + std::to_string(version) +
                    " of a newer version of this library, which this one does not know");
  }
  if (version < format_version) {
    throw_local(errc::store_corrupt, directory.folder(),
                "locks.db is not as this library makes it");
  }
}

// Has its log and shared memory open too.
Database opened(const StoreDirectory& directory, Database::Mode mode) {
  Database database(directory.path_of(database_name), mode);
  // The last process that closes the file must not delete its log: `holders` names it.
  sqlite3_db_config(database.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_busy_timeout(database.get(), std::chrono::milliseconds(open_limit).count());
  check_format(database, directory);
  return database;
}

bool is_wal(Database& database) {
  Statement mode(database, "PRAGMA journal_mode");
  Query query(mode);
  return query.next() && query.bytes(0) == "wal";
}

// --- a new set of files ---

void make_tables(Database& database) {
  database.execute("BEGIN");
  database.execute(local_sql::schema.text);
  database.execute(local_sql::waiters_schema.text);
  database.execute(local_sql::pass_count_schema.text);
  database.execute(local_sql::marks_schema.text);
  database.execute("PRAGMA application_id = " + std::to_string(application_id));
  database.execute("PRAGMA user_version = " + std::to_string(format_version));
  database.execute("COMMIT");
}

std::string quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    quoted.append(c == '\'' ? 2 : 1, c);
  }
  return quoted + "'";
}

// Whether the log that is there is that of the database that is there. Where `holders` does not
// say, a new set was begun, which removes the old log before it puts a new database in its place.
bool has_its_own_log(const StoreDirectory& directory, const HoldersFile& holders) {
  const auto recorded = holders.last();
  const auto log = directory.find(log_name);
  return log && (!recorded ||
                 (recorded->log == *log && recorded->database == directory.find(database_name)));
}

void copy_records(const StoreDirectory& directory, const HoldersFile& holders,
                  const std::string& name) {
  const bool is_with_log = has_its_own_log(directory, holders);
  if (is_with_log) {
    directory.remove(shared_memory_name);  // SQLite makes it anew from the log itself
  }
  Database old =
      opened(directory, is_with_log ? Database::Mode::normal : Database::Mode::without_log);
  old.execute("VACUUM INTO " + quoted(directory.path_of(name)));
}

// Under a name that no other process uses, so that no process ever finds half
// of it.
void fill(const StoreDirectory& directory, const HoldersFile& holders, const std::string& name) {
  const bool is_copy = directory.find(database_name).has_value();
  if (is_copy) {
    copy_records(directory, holders, name);
  }
  Database database(directory.path_of(name), Database::Mode::normal);
  // No other process can see it yet, so it need not survive a power failure before it is whole.
  database.execute("PRAGMA synchronous = OFF");
  // Two or three records: each commit writes whole pages to the log, and adds up their bytes.
  database.execute("PRAGMA page_size = 1024");
  database.execute("PRAGMA journal_mode = WAL");
  if (!is_copy) {
    make_tables(database);
  } else if (holders.is_new()) {
    // The proofs of life of the records went with the file: their ttl decides.
    database.execute(
        "UPDATE lock SET holder = NULL; DELETE FROM waiter; "
        "DELETE FROM waiter_tail; UPDATE lock SET waiting = 0");
  }
  // Closing it does the same, and does not report that the disk fails: then all that is in the log
  // would stay behind with it, for the log of a file goes by the file's name.
  database.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

std::string make_database(const StoreDirectory& directory, const HoldersFile& holders) {
  directory.sweep_unnamed();
  std::string name = directory.make_unnamed();
  try {
    fill(directory, holders, name);
    directory.sync(name);
  } catch (...) {
    for (const char* suffix : {"", "-wal", "-shm"}) {
      directory.remove(name + suffix);
    }
    throw;
  }
  return name;
}

// With the gate alone.
void make_new_set(const StoreDirectory& directory, const HoldersFile& holders) {
  const std::string name = make_database(directory, holders);
  if (!holders.is_new()) {
    holders.append(std::nullopt);  // from here on, a process that has the old ones open knows
  }
  directory.remove(log_name);
  directory.remove(shared_memory_name);
  directory.replace(name, database_name);
  const Database database = opened(directory, Database::Mode::normal);
  holders.append(files_in(directory));
}

}  // namespace

Database open_store_database(const StoreDirectory& directory, HoldersFile& holders) {
  const Instant limit = BootClock::now() + open_limit;
  for (int i = 0; i < max_opening_tries; ++i) {
    {
      const Gate gate(holders, Gate::Kind::shared, limit);
      const auto files = files_in(directory);
      if (files && files == holders.last()) {
        Database database = opened(directory, Database::Mode::normal);
        // SQLite opens by path, and makes what is missing.
        if (files_in(directory) == files && directory.is_at_its_path()) {
          if (!is_wal(database)) {
            throw_local(errc::store_corrupt, directory.folder(),
                        "locks.db is not as this library makes it");
          }
          holders.adopt();
          return database;
        }
      }
    }
    const Gate gate(holders, Gate::Kind::alone, limit);
    const auto files = files_in(directory);
    if (!files || files != holders.last()) {
      make_new_set(directory, holders);
    }
  }
  throw_local(errc::store_unavailable, directory.folder(),
              "its files, or the directory, are replaced again and again");
}

}  // namespace exclusive_lock
