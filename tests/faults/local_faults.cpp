// What happens to the files of a local store, and to the disk below them.

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "faults/fault_kinds.hpp"
#include "stores/local/sqlite.hpp"

namespace exclusive_lock::faults {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// Longer than any transaction, on a machine that is busy with other things.
constexpr std::chrono::milliseconds write_limit = 10s;

Database open_database(Scene& scene) {
  Database database((scene.store_folder() / "locks.db").string());
  sqlite3_busy_timeout(database.get(), static_cast<int>(write_limit.count()));
  return database;
}

// All that is in the log goes into the database, and the log becomes as short as it can be.
void empty_log(Database& database) {
  // A connection that has read nothing yet does not know of the log, and says that all is well.
  static_cast<void>(database.integer_of("PRAGMA user_version"));
  if (sqlite3_wal_checkpoint_v2(database.get(), "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                                nullptr) != SQLITE_OK) {
    throw std::runtime_error("the log cannot be copied back");
  }
}

// --- the disk ---

// While the fault lasts, no worker may be without an answer. A log that was longer once has space
// in it, and would hide that the disk is full.
void disk_full(Scene& scene) {
  Fleet& fleet = scene.fleet();
  Database database = open_database(scene);
  fleet.end_wish("disk-refused");
  fleet.suffer("a full disk", Data::kept, [&] {
    empty_log(database);
    const Instant since = BootClock::now();
    fleet.wish("disk-full");
    fleet.await("a write that is refused", [&] { return fleet.is_wished("disk-refused"); });
    fleet.await_turns_or_failure(errc::store_full, since);
    fleet.end_wish("disk-full");
  });
}

void refuse_all_writes(Scene& scene, const std::string& name, const std::string& wish, errc code) {
  Fleet& fleet = scene.fleet();
  fleet.await_long_holder();
  fleet.suffer(name, Data::kept, [&] {
    const Instant since = BootClock::now();
    fleet.wish(wish);
    fleet.await_failure(code, since);
    fleet.end_wish(wish);
  });
}

void disk_broken(Scene& scene) {
  refuse_all_writes(scene, "a broken disk", "disk-broken", errc::store_unavailable);
}

void disk_read_only(Scene& scene) {
  refuse_all_writes(scene, "a disk that became read-only", "disk-read-only", errc::store_read_only);
}

// --- what others do to the files ---

// Those of the store whose names begin so are elsewhere.
class Displaced {
 public:
  explicit Displaced(fs::path home, const std::string& prefix = "") : home_(std::move(home)) {
    for (const auto& entry : fs::directory_iterator(home_)) {
      if (const std::string name = entry.path().filename(); name.starts_with(prefix)) {
        names_.push_back(name);
      }
    }
    for (const std::string& name : names_) {
      fs::rename(home_ / name, away_.path() / name);
    }
  }
  void put_back() const {
    for (const std::string& name : names_) {
      fs::rename(away_.path() / name, home_ / name);
    }
  }

 private:
  fs::path home_;
  live::TemporaryDirectory away_;
  std::vector<std::string> names_;
};

void files_gone(Scene& scene) {
  Fleet& fleet = scene.fleet();
  const int holder = fleet.await_long_holder();
  fleet.suffer("files that are gone", Data::kept, [&] {
    const Displaced files(scene.store_folder());
    fleet.await_loss(holder);
    files.put_back();
  });
}

// Somebody who comes meanwhile makes a store of its own, and holds in it. The old holder learns of
// it at its next refresh.
void files_replaced(Scene& scene) {
  Fleet& fleet = scene.fleet();
  const int newcomer = fleet.living().back();
  const int holder = fleet.await_long_holder(newcomer);
  fleet.suffer("files that are replaced", Data::lost, [&] {
    const Displaced files(scene.store_folder());
    fleet.kill(newcomer);
    fleet.start_again(newcomer);
    fleet.await_hold_of(newcomer);
    fleet.await_loss(holder);
    fleet.kill(newcomer);
    for (const auto& entry : fs::directory_iterator(scene.store_folder())) {
      fs::remove(entry.path());
    }
    files.put_back();
  });
  fleet.start_again(newcomer);
}

// Those who wait are not pushed, and find their grants when they look.
void sockets_gone(Scene& scene) {
  scene.fleet().await_turns();  // whoever has waited has one
  scene.fleet().suffer("sockets that are gone", Data::kept, [&] {
    const Displaced sockets(scene.store_folder(), "waiter-");
    scene.fleet().await_turns();
    sockets.put_back();
  });
}

// As a process does that was stopped in it (docs/local_store.md).
void transaction_left_open(Scene& scene) {
  Database database = open_database(scene);
  const int holder = scene.fleet().await_long_holder();
  scene.fleet().suffer("a transaction that does not end", Data::kept, [&] {
    database.execute("BEGIN IMMEDIATE");
    scene.fleet().await_loss(holder);
    database.execute("ROLLBACK");
  });
}

// All pages of a database but the first, in its file: garbage for a time. What the log has would
// hide it, so the log is emptied before, and gets one page of ours: that others have read pages is
// forgotten with each commit of somebody else.
class DamagedPages {
 public:
  explicit DamagedPages(Database& database) : database_(database) {}

  // False: somebody wrote in between.
  bool strike() {
    empty_log(database_);
    database_.execute("BEGIN IMMEDIATE");
    if (!is_log_empty()) {
      database_.execute("ROLLBACK");
      return false;
    }
    intact_.resize(database_.integer_of("PRAGMA page_count") * page_ - page_);
    check(file()->pMethods->xRead(file(), intact_.data(), size(), page_));
    write(std::string(intact_.size(), '\xA5'));
    commit();
    return true;
  }
  void mend() {
    database_.execute("BEGIN IMMEDIATE");
    write(intact_);
    commit();
  }

 private:
  [[nodiscard]] bool is_log_empty() const {
    return fs::file_size(sqlite3_filename_wal(sqlite3_db_filename(database_.get(), "main"))) == 0;
  }
  [[nodiscard]] sqlite3_file* file() const {
    sqlite3_file* file = nullptr;
    check(sqlite3_file_control(database_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file));
    return file;
  }
  [[nodiscard]] int size() const { return static_cast<int>(intact_.size()); }
  void write(const std::string& bytes) const {
    check(file()->pMethods->xWrite(file(), bytes.data(), size(), page_));
  }
  void commit() {
    database_.execute("PRAGMA user_version = " +
                      std::to_string(database_.integer_of("PRAGMA user_version")));
    database_.execute("COMMIT");
  }
  static void check(int result) {
    if (result != SQLITE_OK) {
      throw std::runtime_error("cannot damage a file, or not mend it");
    }
  }

  Database& database_;
  std::int64_t page_ = database_.integer_of("PRAGMA page_size");
  std::string intact_;
};

void pages_damaged(Scene& scene) {
  Database database = open_database(scene);
  DamagedPages pages(database);
  scene.fleet().suffer("damaged pages", Data::kept, [&] {
    const Instant since = BootClock::now();
    scene.fleet().await("a log that stays empty", [&] { return pages.strike(); });
    scene.fleet().await_failure(errc::store_corrupt, since);
    pages.mend();
  });
}

}  // namespace

FaultKinds local_faults() {
  return {{"disk_full", disk_full},
          {"disk_broken", disk_broken},
          {"disk_read_only", disk_read_only},
          {"files_gone", files_gone},
          {"files_replaced", files_replaced},
          {"sockets_gone", sockets_gone},
          {"transaction_left_open", transaction_left_open},
          {"pages_damaged", pages_damaged}};
}

}  // namespace exclusive_lock::faults
