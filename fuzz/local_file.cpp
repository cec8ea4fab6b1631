// The file of the embedded store, changed by somebody: a disk, a program, a person.
//
// - Opening it and every verb end in an answer or in a typed error, whose text is fit for a
//   terminal. Nothing else is thrown.
// - A file that is refused is left as it is.
// - Where SQLite finds the tables and their index whole, whatever is written in them, a lock is not
//   granted to two owners at a time (G1), what was granted is shown, and what was released is not.
//   Where a page does not point to its rows any more, nobody can know who holds a lock.
//
// A sound file with records of several kinds, and with queues, is made once and kept in memory;
// every input is a list of changes to a copy of it. Input: for each change two bytes that say
// where, one that says how, and what to put there.

#include <sqlite3.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/record_codec.hpp"
#include "exclusive_lock/error.hpp"
#include "stores/local/local_store.hpp"
#include "stores/local/store_folder.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const SystemClockSource system_clock;
constexpr Milliseconds long_ttl = 24h;  // longer than any run: nothing depends on when it happens

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "exclusive-lock-fuzz-XXXXXX").string();
    require(::mkdtemp(name.data()) != nullptr, "a folder can be made", name);
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::string read(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

void write(const fs::path& file, const std::string& bytes) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << bytes << std::flush;
  require(stream.good(), "a file can be written", file.native());
}

Owner owner(std::uint8_t id, Ticket ticket) {
  Owner owner{.id = {}, .ticket = ticket};
  owner.id.front() = id;
  return owner;
}

AttemptRequest attempt_for(std::string key, const Owner& owner, const std::string& contents) {
  return {.key = std::move(key),
          .owner = owner,
          .ttl = long_ttl,
          .record_tail = encode_record_tail(
              {.ttl = long_ttl, .host = "host", .pid = 1, .label = "", .contents_text = contents}),
          .floor = Fence{},
          .not_after = Instant::max(),
          .detached = true};
}

// The one answer to a verb; a failure's text is looked at.
template <class Reply>
class Answered {
 public:
  Done<Reply> done() {
    return [this](Answer<Reply> answer) {
      require(!answer_, "a verb is answered once");
      answer_ = std::move(answer);
    };
  }
  // None: it failed.
  const Reply* reply() const {
    require(answer_.has_value(), "a verb is answered");
    if (const auto* failure = std::get_if<StoreFailure>(&*answer_)) {
      require_fit(failure->message, "an error");
      require(failure->code.category() == error_category(), "an error is typed", failure->message);
      return nullptr;
    }
    return std::get_if<Reply>(&*answer_);
  }

 private:
  std::optional<Answer<Reply>> answer_;
};

Instant deadline() { return system_clock.now() + 10s; }

// Makes every row due for housekeeping, so that each grant looks at some; and puts everything in
// the database file itself, with nothing in a log beside it.
void finish_sound_file(const fs::path& file) {
  sqlite3* database = nullptr;
  require(sqlite3_open(file.c_str(), &database) == SQLITE_OK, "the sound file can be opened");
  for (const char* sql : {"UPDATE lock SET look_at_s = 0", "PRAGMA wal_checkpoint(TRUNCATE)"}) {
    require(sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK,
            "the sound file can be finished", sql);
  }
  sqlite3_close(database);
}

std::string make_sound_file() {
  const TemporaryFolder folder;
  {
    const auto store = open_local_store({.directory = folder.path()}, system_clock, nullptr);
    for (std::uint8_t i = 1; i <= 12; ++i) {
      Answered<AttemptReply> answered;
      const std::string contents = i % 4 == 0 ? "\"" + std::string(900, 'x') + "\"" : "1";
      store->attempt(attempt_for("p:" + std::to_string(i), owner(i, 1), contents), deadline(),
                     answered.done());
      require(answered.reply() != nullptr, "the sound store works");
    }
    for (const auto& [key, id] : {std::pair{"p:1", 21}, std::pair{"p:1", 22}, std::pair{"p:2", 23},
                                  std::pair{"p:4", 24}, std::pair{"p:5", 25}}) {
      AttemptRequest request = attempt_for(key, owner(static_cast<std::uint8_t>(id), 1), "1");
      request.wait_options = WaitOptions{.alive_for = long_ttl, .confirm_ttl = long_ttl};
      Answered<AttemptReply> answered;
      store->attempt(std::move(request), deadline(), answered.done());
      const AttemptReply* const reply = answered.reply();
      require(reply != nullptr && reply->outcome == AttemptReplyStatus::waiting, "who waits, waits",
              key);
    }
    Answered<ReleaseReply> answered;
    store->release({.key = "p:3", .owner = owner(3, 1)}, deadline(), answered.done());
    require(answered.reply() != nullptr, "the sound store works");
  }
  const fs::path file = folder.path() / store_folder_name / "locks.db";
  finish_sound_file(file);
  return read(file);
}

std::string changed(std::string file, Bytes bytes) {
  Input input(bytes);
  while (!input.is_over() && !file.empty()) {
    const std::size_t at = (input.byte() * 256U + input.byte()) % file.size();
    const std::uint8_t how = input.byte();
    switch (how % 4) {
      case 0:
        file[at] = static_cast<char>(input.byte());
        break;
      case 1:  // a number of eight bytes, such as a time
        for (std::size_t i = at; i < std::min(at + 8, file.size()); ++i) {
          file[i] = static_cast<char>(input.byte());
        }
        break;
      case 2: {
        const std::string text = input.text();
        file.replace(at, std::min(text.size(), file.size() - at), text);
        break;
      }
      default:
        if (how >= 0xF0) {
          file.resize(at);
        } else {
          file[at] = static_cast<char>(static_cast<unsigned char>(file[at]) ^ how);
        }
    }
  }
  return file;
}

// What a change has left of the tables and their index.
enum class Structure { whole, damaged };

Structure structure_of(const fs::path& file) {
  sqlite3* database = nullptr;
  std::string found;
  const auto take = [](void* into, int, char** texts, char**) {
    static_cast<std::string*>(into)->append(texts[0] != nullptr ? texts[0] : "");
    return 0;
  };
  const bool is_read =
      sqlite3_open_v2(file.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
      sqlite3_exec(database, "PRAGMA integrity_check(1)", take, &found, nullptr) == SQLITE_OK;
  sqlite3_close(database);
  return is_read && found == "ok" ? Structure::whole : Structure::damaged;
}

void check_hold(Store& store, const std::string& key, Structure structure) {
  Answered<AttemptReply> first;
  Answered<AttemptReply> second;
  store.attempt(attempt_for(key, owner(0xA0, 1), "1"), deadline(), first.done());
  const AttemptReply* const granted = first.reply();
  if (granted == nullptr || granted->outcome != AttemptReplyStatus::granted) {
    return;
  }
  Answered<InspectReply> inspected;
  store.inspect(key, deadline(), inspected.done());
  if (const auto* reply = inspected.reply()) {
    require(structure == Structure::damaged ||
                (reply->record && record_owner(reply->record->value) == owner(0xA0, 1)),
            "what was granted is shown", key);
  }
  store.attempt(attempt_for(key, owner(0xB0, 1), "1"), deadline(), second.done());
  if (const auto* reply = second.reply()) {
    require(structure == Structure::damaged || reply->outcome != AttemptReplyStatus::granted,
            "a lock has one owner", key);
  }
  Answered<RefreshReply> refreshed;
  store.refresh({{.key = key, .owner = owner(0xB0, 1), .ttl = 1s}}, deadline(), refreshed.done());
  if (const auto* reply = refreshed.reply()) {
    require(
        structure == Structure::damaged || reply->verdicts == std::vector{RefreshReplyStatus::lost},
        "others refresh nothing", key);
  }
}

// What is left of the queues: somebody else is next, or nobody.
void check_hand_over(Store& store, Structure structure) {
  Answered<ReleaseReply> released;
  store.release({.key = "p:2", .owner = owner(2, 1)}, deadline(), released.done());
  const ReleaseReply* const reply = released.reply();
  Answered<HeartbeatReply> beaten;
  store.heartbeat({.key = "p:2", .owner = owner(23, 1), .ttl = 1s, .alive_for = 1s}, deadline(),
                  beaten.done());
  static_cast<void>(beaten.reply());
  Answered<InspectReply> inspected;
  store.inspect("p:2", deadline(), inspected.done());
  if (const auto* seen = inspected.reply(); seen != nullptr && reply != nullptr && seen->record) {
    require(structure == Structure::damaged || record_owner(seen->record->value) != owner(2, 1),
            "what was released is not held");
    for (const StoredWaiter& waiter : seen->record->waiters) {
      static_cast<void>(decode_waiter(waiter));
    }
  }
  Answered<InspectReply> queue;
  store.inspect("p:1", deadline(), queue.done());
  static_cast<void>(queue.reply());
}

void check_verbs(Store& store, Structure structure) {
  Answered<ListReply> listed;
  store.list("p:", 100, deadline(), listed.done());
  if (const auto* reply = listed.reply()) {
    require(reply->records.size() <= 100, "a list is no longer than asked for");
    for (const StoredRecord& record : reply->records) {
      require(record.key.starts_with("p:"), "a list has what was asked for", record.key);
      static_cast<void>(decode_record(record.value));
    }
  }
  for (const char* key : {"p:1", "p:3", "p:4", "p:new"}) {
    check_hold(store, key, structure);
  }
  check_hand_over(store, structure);
  Answered<RemoveReply> removed;
  store.remove("p:8", "", deadline(), removed.done());
  static_cast<void>(removed.reply());
}

}  // namespace

void check_local_file(Bytes bytes) {
  static const std::string sound_file = make_sound_file();
  static const TemporaryFolder folder;
  const fs::path inside = folder.path() / store_folder_name;
  fs::create_directory(inside);
  fs::permissions(inside, fs::perms::owner_all);
  const fs::path file = inside / "locks.db";
  for (const char* beside : {"locks.db-wal", "locks.db-shm", "locks.db-journal", "holders"}) {
    fs::remove(inside / beside);
  }
  const std::string bad_file = changed(sound_file, bytes);
  write(file, bad_file);
  const Structure structure = structure_of(file);
  for (const char* beside : {"locks.db-wal", "locks.db-shm"}) {
    fs::remove(inside / beside);
  }
  std::shared_ptr<Store> store;
  try {
    store = open_local_store({.directory = folder.path()}, system_clock, nullptr);
  } catch (const StoreError& error) {
    require_fit(error.what(), "an error");
    require(error.code().category() == error_category(), "an error is typed", error.what());
    require(read(file) == bad_file, "a file that is refused is left as it is", error.what());
    return;
  }
  check_verbs(*store, structure);
}

}  // namespace exclusive_lock::fuzz
