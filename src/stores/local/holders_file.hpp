#pragma once
// The file `holders`: what the store is made of, and its gate. Its bytes prove who lives, too
// (holder.hpp).
//
// SQLite works on three files: the database, its log and its shared memory. Processes exclude each
// other only while all of them use the same three, and SQLite does not notice when a file is
// deleted or or replaces one: a process that opens the store afterwards would work on a mixture. So
// `holders` has an entry for each set of three files that the store ever had; the last one counts.
//
// - Who opens a store compares the files that are there with the last entry. If they differ, it
//   makes a new set under the gate (store_files.hpp) and appends an entry.
// - Each transaction is made within the gate, shared, and begins by asking whether the file still
//   has the length that it had when the store was opened. If not, the store is not the one that
//   others use any more: the call fails, and what was held is lost.
// - Making a new set takes the gate alone: no transaction of the old set is under way then, and
//   none begins afterwards.
//
// The gate is flock(2) on this file: the kernel opens it when a process dies.

#include <optional>

#include "exclusive_lock/clock.hpp"
#include "stores/local/directory.hpp"

namespace exclusive_lock {

struct StoreFiles {
  FileIdentity database;
  FileIdentity log;
  FileIdentity shared_memory;
  friend bool operator==(const StoreFiles&, const StoreFiles&) = default;
};

class HoldersFile {
 public:
  // Opens it, makes it if there is none. Throws LocalError. `directory` must outlive it.
  explicit HoldersFile(const StoreDirectory& directory);

  [[nodiscard]] const Descriptor& descriptor() const noexcept { return file_; }

  // None: a new set was begun and not finished, or the file has no entry yet.
  [[nodiscard]] std::optional<StoreFiles> last() const;
  [[nodiscard]] bool is_new() const;  // no entry yet
  // None: the set before is over, and the next is not there yet.
  void append(const std::optional<StoreFiles>& files) const;

  // The last entry is what this store was opened with.
  void adopt();
  // False: a new set of files was made since, or this file was deleted or moved, or the program
  // closed the descriptor. Two system calls.
  [[nodiscard]] bool is_current() const noexcept;

  class Gate {
   public:
    enum class Kind { shared, alone };
    // Waits until `limit`; throws LocalError with store_busy after that.
    Gate(const HoldersFile& file, Kind kind, Instant limit);
    ~Gate();
    Gate(const Gate&) = delete;
    Gate& operator=(const Gate&) = delete;

   private:
    const HoldersFile& file_;
  };

 private:
  [[nodiscard]] std::int64_t size() const;

  const StoreDirectory& directory_;
  Descriptor file_;
  FileIdentity identity_;
  std::int64_t adopted_size_ = 0;
};

}  // namespace exclusive_lock
