#include "faults/worker_disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "live/sqlite_disk.hpp"

namespace exclusive_lock::faults {
namespace {

struct Wish {
  std::string file;
  int error_number;
  bool is_growth_only;
};
struct Wishes {
  std::array<Wish, 3> disks;
  std::string refused;
};

Wishes& wishes() {
  static Wishes all;
  return all;
}

int error_of_write(bool grows) {
  for (const Wish& wish : wishes().disks) {
    if (::access(wish.file.c_str(), F_OK) == 0 && (grows || !wish.is_growth_only)) {
      ::close(::open(wishes().refused.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
      return wish.error_number;
    }
  }
  return 0;
}

}  // namespace

void obey_disk_wishes(const std::filesystem::path& folder) {
  const auto file = [&](const char* name) { return (folder / name).string(); };
  wishes() = {
      .disks = {Wish{file("disk-full"), ENOSPC, true}, Wish{file("disk-broken"), EIO, false},
                Wish{file("disk-read-only"), EROFS, false}},
      .refused = file("disk-refused")};
  live::failure_sqlite_writes(&error_of_write);
}

}  // namespace exclusive_lock::faults
