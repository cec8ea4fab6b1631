#include "stores/local/holder.hpp"

#include <fcntl.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <limits>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {
namespace {

constexpr int max_offset_tries = 100;

struct flock byte_of(HolderId id, short kind) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  lock.l_start = id;
  lock.l_len = 1;
  return lock;  // l_pid must be 0 for these locks
}

// 2^62 offsets: two stores meet on one of them never, and if they do, the lock shows it.
HolderId random_id(const StoreDirectory& directory) {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) {
    throw_errno(errno, directory.folder(), "cannot get random bytes");
  }
  return static_cast<HolderId>(number >> 2U) + 1;
}

}  // namespace

Holder::Holder(const StoreDirectory& directory, const HoldersFile& file)
    : directory_(directory), file_(file) {
  for (int i = 0; i < max_offset_tries; ++i) {
    id_ = random_id(directory);
    struct flock lock = byte_of(id_, F_WRLCK);
    if (::fcntl(file_.descriptor().get(), F_OFD_SETLK, &lock) == 0) {
      return;
    }
    if (errno != EAGAIN && errno != EACCES) {
      break;
    }
  }
  throw_errno(errno, directory.folder(), "cannot lock a byte of holders");
}

Holder::~Holder() {
  struct flock lock = byte_of(id_, F_UNLCK);
  // Closing the descriptor frees the byte too, unless a child still shares it.
  static_cast<void>(::fcntl(file_.descriptor().get(), F_OFD_SETLK, &lock));
}

bool Holder::is_alive(HolderId id) const {
  if (id == id_) {
    return true;
  }
  if (id <= 0 || id == std::numeric_limits<HolderId>::max()) {
    return false;  // no store has such an id
  }
  struct flock lock = byte_of(id, F_WRLCK);
  if (::fcntl(file_.descriptor().get(), F_OFD_GETLK, &lock) != 0) {
    throw_errno(errno, directory_.folder(), "cannot ask for a lock on holders");
  }
  return lock.l_type != F_UNLCK;
}

}  // namespace exclusive_lock
