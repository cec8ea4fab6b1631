#pragma once
// Writes each frame of SQLite's log in one system call.
//
// SQLite writes the 24 bytes of a frame's header, and then the page; a call of either costs the
// same. So the header of a frame that is appended is kept back until its page follows, which it
// does at once. A frame counts only when both are there and their sums are right, so a process that
// is killed in between leaves what it left before. Headers within the log, which SQLite writes anew
// by themselves where a transaction was larger than its cache, are written as they come.

#include <sqlite3.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "stores/local/file_methods.hpp"

namespace exclusive_lock {

class WalFrameWriter {
 public:
  // The database must be in WAL mode and have been read, and outlive it.
  explicit WalFrameWriter(sqlite3* database);
  ~WalFrameWriter();
  WalFrameWriter(const WalFrameWriter&) = delete;
  WalFrameWriter& operator=(const WalFrameWriter&) = delete;

 private:
  // Each time the log begins anew, it has others.
  using Salts = std::array<std::byte, 8>;

  static int on_write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset);
  int write(std::span<const std::byte> bytes, std::int64_t offset);
  bool is_appended_header(std::span<const std::byte> bytes, std::int64_t offset);
  int write_kept();
  int write_through(std::span<const std::byte> bytes, std::int64_t offset);

  FileMethods<WalFrameWriter> methods_;
  std::vector<std::byte> kept_;  // empty, or a header
  std::int64_t kept_at_ = 0;
  Salts salts_{};         // of the log that was written last
  std::int64_t end_ = 0;  // of what was written of it here
};

}  // namespace exclusive_lock
