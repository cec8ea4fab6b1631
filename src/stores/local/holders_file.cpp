#include "stores/local/holders_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

constexpr const char* holders_name = "holders";
// Files come and go only while a store is made or one is deleted.
constexpr int max_holders_tries = 100;
constexpr auto gate_pause = 1ms;

// Device, inode and birth of the three files, each a number of the machine; all 0: no set of files.
using Entry = std::array<std::uint64_t, 9>;
constexpr auto entry_size = static_cast<std::int64_t>(sizeof(Entry));

Entry entry_of(const StoreFiles& files) {
  Entry entry{};
  std::size_t at = 0;
  for (const FileIdentity& file : {files.database, files.log, files.shared_memory}) {
    entry.at(at++) = file.device;
    entry.at(at++) = file.inode;
    entry.at(at++) = static_cast<std::uint64_t>(file.born_at_ns);
  }
  return entry;
}

FileIdentity identity_at(const Entry& entry, std::size_t at) {
  return {.device = entry.at(at),
          .inode = entry.at(at + 1),
          .born_at_ns = static_cast<std::int64_t>(entry.at(at + 2))};
}

FileIdentity identity_in(const struct stat& status) {
  return {.device = status.st_dev, .inode = status.st_ino};
}

Descriptor open_or_make(const StoreDirectory& directory) {
  for (int i = 0; i < max_holders_tries; ++i) {
    Descriptor file = directory.open(holders_name);
    if (file.is_open()) {
      return file;
    }
    directory.publish(directory.make_unnamed(), holders_name);
  }
  throw_local(errc::store_unavailable, directory.folder(),
              "the file `holders` is deleted again and again");
}

}  // namespace

HoldersFile::HoldersFile(const StoreDirectory& directory)
    : directory_(directory), file_(open_or_make(directory)) {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) {
    throw_errno(errno, directory.folder(), "cannot look at holders");
  }
  identity_ = identity_in(status);
}

std::optional<StoreFiles> HoldersFile::last() const {
  const std::int64_t bytes = size();
  Entry entry{};
  if (bytes < entry_size || bytes % entry_size != 0 ||
      ::pread(file_.get(), entry.data(), sizeof entry, bytes - entry_size) != entry_size ||
      entry == Entry{}) {
    return std::nullopt;
  }
  return StoreFiles{.database = identity_at(entry, 0),
                    .log = identity_at(entry, 3),
                    .shared_memory = identity_at(entry, 6)};
}

bool HoldersFile::is_new() const { return size() < entry_size; }

// Over what a process left that was killed, or had no space, in the middle of an entry.
void HoldersFile::append(const std::optional<StoreFiles>& files) const {
  const Entry entry = files ? entry_of(*files) : Entry{};
  const std::int64_t whole = size() / entry_size * entry_size;
  errno = ENOSPC;  // of a write that is cut short
  if (::pwrite(file_.get(), entry.data(), sizeof entry, whole) != entry_size) {
    throw_errno(errno, directory_.folder(), "cannot write to holders");
  }
}

void HoldersFile::adopt() { adopted_size_ = size(); }

bool HoldersFile::is_current() const noexcept {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file_.get(), &opened) == 0 && identity_in(opened) == identity_ &&
         ::fstatat(directory_.descriptor().get(), holders_name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
         identity_in(named) == identity_ && named.st_size == adopted_size_;
}

std::int64_t HoldersFile::size() const {
  struct stat status {};
  if (::fstat(file_.get(), &status) != 0) {
    throw_errno(errno, directory_.folder(), "cannot look at holders");
  }
  return status.st_size;
}

HoldersFile::Gate::Gate(const HoldersFile& file, Kind kind, Instant limit) : file_(file) {
  const int operation = (kind == Kind::alone ? LOCK_EX : LOCK_SH) | LOCK_NB;
  while (::flock(file.file_.get(), operation) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      throw_errno(errno, file.directory_.folder(), "cannot lock holders");
    }
    if (BootClock::now() >= limit) {
      throw_local(errc::store_busy, file.directory_.folder(),
                  "another process opens it, or was stopped while it had a transaction open");
    }
    std::this_thread::sleep_for(gate_pause);
  }
}

HoldersFile::Gate::~Gate() { static_cast<void>(::flock(file_.file_.get(), LOCK_UN)); }

}  // namespace exclusive_lock
