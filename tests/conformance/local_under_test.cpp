// Other programs do not write into SQLite files of ours, but a record can be there that this
// library did not write: of a newer version, or by a person. It is planted by SQL, so this file
// knows the tables (src/stores/local/sql/schema.sql).

#include "conformance/local_under_test.hpp"

#include <chrono>
#include <thread>

#include "core/key_codec.hpp"
#include "exclusive_lock/connection.hpp"
#include "live/temporary_directory.hpp"
#include "stores/local/local_store.hpp"
#include "stores/local/machine.hpp"
#include "stores/local/sqlite.hpp"
#include "stores/local/store_folder.hpp"

namespace exclusive_lock::conformance {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t bytes_in_the_row = 600;
constexpr auto fence_ttl = std::chrono::hours(24);

std::string_view bytes_of(const BootId& boot) {
  return {reinterpret_cast<const char*>(boot.data()), boot.size()};
}

class LocalUnderTest final : public StoreUnderTest {
 public:
  std::shared_ptr<Store> connect() override {
    return open_local_store({.directory = folder_.path()}, clock_, nullptr);
  }
  std::shared_ptr<Connection> connection() override {
    return exclusive_lock::connect("local://" + folder_.path().string(), patient());
  }
  [[nodiscard]] const ClockSource& clock() const override { return clock_; }
  void pass(Milliseconds time) override { std::this_thread::sleep_for(time); }

  void plant(const std::string& key, const std::string& value,
             std::optional<Milliseconds> ttl) override {
    erase(key);
    Tables tables(*this);
    Statement put(tables.database,
                  "INSERT INTO lock (key, fence, granted_at_us, look_at_s, value, rest_size, "
                  "expires_at_ns, boot) VALUES (?1, 0, 0, unixepoch() + 60, ?2, ?3, ?4, ?5) "
                  "ON CONFLICT (key) DO UPDATE SET value = ?2, rest_size = ?3, expires_at_ns = ?4, "
                  "boot = ?5");
    const std::string head = value.substr(0, bytes_in_the_row);
    const std::string rest = value.substr(head.size());
    const auto ttl_ns = ttl ? std::optional(std::chrono::nanoseconds(*ttl).count()) : std::nullopt;
    Query(put)
        .bind_bytes(1, key)
        .bind_bytes(2, head)
        .bind(3, static_cast<std::int64_t>(rest.size()))
        .bind(4, ttl_ns ? std::optional(machine_.now_ns() + *ttl_ns) : std::nullopt)
        .bind_bytes(5, bytes_of(machine_.boot))
        .run();
    if (!rest.empty()) {
      Statement put_rest(tables.database,
                         "INSERT INTO rest SELECT id, ?2 FROM lock WHERE key = ?1");
      Query(put_rest).bind_bytes(1, key).bind_bytes(2, rest).run();
    }
    tables.database.execute("COMMIT");
  }

  void erase(const std::string& key) override {
    Tables tables(*this);
    Statement drop(tables.database,
                   "DELETE FROM rest WHERE id = (SELECT id FROM lock WHERE key = ?1)");
    Query(drop).bind_bytes(1, key).run();
    Statement clear(tables.database,
                    "UPDATE lock SET value = NULL, rest_size = 0, expires_at_ns = NULL, "
                    "boot = NULL, holder = NULL WHERE key = ?1");
    Query(clear).bind_bytes(1, key).run();
    tables.database.execute("COMMIT");
  }

  std::vector<StoredRecord> everything() override;

  void wipe() override {
    Tables tables(*this);
    tables.database.execute(
        "DELETE FROM lock; DELETE FROM rest; "
        "DELETE FROM waiter; DELETE FROM waiter_tail; DELETE FROM mark");
    tables.database.execute("COMMIT");
  }

  void lose_data() override {
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      fs::remove_all(entry.path());
    }
  }

 private:
  struct Tables {
    explicit Tables(const LocalUnderTest& store)
        : database(store.folder_.path() / store_folder_name / "locks.db") {
      database.execute("PRAGMA busy_timeout = 10000");
      database.execute("BEGIN IMMEDIATE");
    }
    Database database;
  };

  SystemClockSource clock_;
  Machine machine_ = this_machine(clock_);
  live::TemporaryDirectory folder_;
};

std::vector<StoredRecord> LocalUnderTest::everything() {
  Tables tables(*this);
  Statement find(tables.database,
                 "SELECT key, value, rest_size, expires_at_ns, fence, granted_at_us FROM lock");
  std::vector<StoredRecord> all;
  for (Query row(find); row.next();) {
    const std::string key(row.bytes(0));
    if (!row.is_null(1)) {
      const auto expires_at_ns = row.optional_integer(3);
      const auto remaining =
          std::chrono::nanoseconds(expires_at_ns.value_or(0) - machine_.now_ns());
      all.push_back({.key = key,
                     .value = std::string(row.bytes(1)),
                     .remaining_ttl =
                         expires_at_ns ? std::optional(std::chrono::ceil<Milliseconds>(remaining))
                                       : std::nullopt});
    }
    if (row.integer(4) != 0) {
      const auto age = std::chrono::microseconds(machine_.wall_us() - row.integer(5));
      all.push_back({.key = fence_key(key).value(),
                     .value = std::to_string(row.integer(4)),
                     .remaining_ttl = std::chrono::ceil<Milliseconds>(fence_ttl - age)});
    }
  }
  Statement find_waiters(tables.database,
                         "SELECT lock.key, max(waiter.alive_until_ns) FROM waiter "
                         "JOIN lock ON lock.id = waiter.lock GROUP BY lock.id");
  for (Query row(find_waiters); row.next();) {
    const auto alive_for = std::chrono::nanoseconds(row.integer(1) - machine_.now_ns());
    all.push_back({.key = queue_key(row.bytes(0)).value(),
                   .value = {},
                   .remaining_ttl = std::chrono::ceil<Milliseconds>(alive_for)});
  }
  Statement find_marks(tables.database, "SELECT key, value, expires_at_us FROM mark");
  for (Query row(find_marks); row.next();) {
    const auto remaining = std::chrono::microseconds(row.integer(2) - machine_.wall_us());
    all.push_back({.key = done_key(row.bytes(0)).value(),
                   .value = std::string(row.bytes(1)),
                   .remaining_ttl = std::chrono::ceil<Milliseconds>(remaining)});
  }
  return all;
}

}  // namespace

std::unique_ptr<StoreUnderTest> local_in_a_temporary_folder() {
  return std::make_unique<LocalUnderTest>();
}

}  // namespace exclusive_lock::conformance
