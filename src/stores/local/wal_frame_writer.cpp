#include "stores/local/wal_frame_writer.hpp"

#include <algorithm>
#include <cassert>

namespace exclusive_lock {
namespace {

// sqlite.org/fileformat2.html, "WAL File Format".
constexpr std::size_t header_bytes = 24;
constexpr std::size_t salts_at = 8;
// Larger pages than those of lock_database.cpp are written by themselves.
constexpr std::size_t most_page_bytes = 4096;

}  // namespace

WalFrameWriter::WalFrameWriter(sqlite3* database)
    : methods_(database, SQLITE_FCNTL_JOURNAL_POINTER, *this) {
  kept_.reserve(header_bytes + most_page_bytes);  // nothing may be thrown through SQLite
  methods_.table().xWrite = &WalFrameWriter::on_write;
}

WalFrameWriter::~WalFrameWriter() { assert(kept_.empty()); }

int WalFrameWriter::on_write(sqlite3_file* file, const void* bytes, int size,
                             sqlite3_int64 offset) {
  return FileMethods<WalFrameWriter>::owner_of(file).write(
      {static_cast<const std::byte*>(bytes), static_cast<std::size_t>(size)}, offset);
}

int WalFrameWriter::write(std::span<const std::byte> bytes, std::int64_t offset) {
  if (is_appended_header(bytes, offset)) {
    assert(kept_.empty());
    kept_.assign(bytes.begin(), bytes.end());
    kept_at_ = offset;
    return SQLITE_OK;
  }
  const bool is_its_page = offset == kept_at_ + static_cast<std::int64_t>(kept_.size());
  if (!kept_.empty() && is_its_page && bytes.size() <= most_page_bytes) {
    kept_.insert(kept_.end(), bytes.begin(), bytes.end());
    return write_kept();
  }
  const int result = write_kept();
  return result == SQLITE_OK ? write_through(bytes, offset) : result;
}

bool WalFrameWriter::is_appended_header(std::span<const std::byte> bytes, std::int64_t offset) {
  if (bytes.size() != header_bytes) {
    return false;
  }
  Salts salts{};
  std::copy_n(bytes.begin() + salts_at, salts.size(), salts.begin());
  if (salts == Salts{}) {
    return false;  // one without a sum yet, which SQLite writes again before the commit
  }
  if (salts != salts_) {
    salts_ = salts;
    end_ = 0;
  }
  return offset >= end_;
}

int WalFrameWriter::write_kept() {
  const int result = kept_.empty() ? SQLITE_OK : write_through(kept_, kept_at_);
  kept_.clear();
  return result;
}

int WalFrameWriter::write_through(std::span<const std::byte> bytes, std::int64_t offset) {
  end_ = std::max(end_, offset + static_cast<std::int64_t>(bytes.size()));
  return methods_.original().xWrite(methods_.file(), bytes.data(), static_cast<int>(bytes.size()),
                                    offset);
}

}  // namespace exclusive_lock
