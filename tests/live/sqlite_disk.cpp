#include "live/sqlite_disk.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>

namespace exclusive_lock::live {
namespace {

std::atomic<int (*)(bool)> asked = nullptr;
std::atomic<void (*)(const char*)> watching = nullptr;

bool grows(int fd, std::size_t size, off_t offset) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && offset + static_cast<off_t>(size) > status.st_size;
}

ssize_t write_to_disk(int fd, const void* bytes, std::size_t size, off_t offset) {
  if (const int error_number = asked.load()(grows(fd, size, offset)); error_number != 0) {
    errno = error_number;
    return -1;
  }
  return ::pwrite(fd, bytes, size, offset);
}

int open_file(const char* path, int flags, int mode) {
  watching.load()(path);
  return ::open(path, flags, mode);
}

void set_writes(sqlite3_syscall_ptr call) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  int replaced = 0;
  for (const char* name : {"pwrite", "pwrite64"}) {
    replaced += vfs->xSetSystemCall(vfs, name, call) == SQLITE_OK ? 1 : 0;
  }
  if (replaced == 0) {
    throw std::runtime_error("this SQLite writes by another way");
  }
}

}  // namespace

void failure_sqlite_writes(int (*error_of_write)(bool grows)) {
  asked = error_of_write;
  set_writes(reinterpret_cast<sqlite3_syscall_ptr>(&write_to_disk));
}

void heal_sqlite_writes() { set_writes(nullptr); }

void watch_sqlite_opens(void (*before)(const char* path)) {
  watching = before;
  sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  const auto call = before == nullptr ? nullptr : reinterpret_cast<sqlite3_syscall_ptr>(&open_file);
  if (vfs->xSetSystemCall(vfs, "open", call) != SQLITE_OK) {
    throw std::runtime_error("this SQLite opens files by another way");
  }
}

}  // namespace exclusive_lock::live
