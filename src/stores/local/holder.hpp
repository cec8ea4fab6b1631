#pragma once
// The proof that a holder lives: a lock that the kernel frees when its process ends, however it
// ends.
//
// All stores of one directory open the file `holders` (holders_file.hpp). Each of them locks one
// byte, at an offset chosen at random and far beyond the end of the file: that offset is its holder
// id, which the records it writes name. A process that finds a record asks whether the byte of its
// holder is locked still; if not, the holder has died or closed its connection, and the record is
// void at once, whatever its ttl. Nothing is left behind to clean up.
//
// The lock is one of an open file description (F_OFD_SETLK, fcntl(2), Linux 3.15), not of a process
// (F_SETLK). So it stays when the process closes another descriptor of the file, two stores in one
// process are two holders, and it does not depend on pids, pid namespaces or reboots
// (docs/failure_modes.md, 51 and 52).
//
// A child made by fork() without exec shares the description and keeps the byte locked after its
// parent's death; then the ttl decides. An exec closes it (O_CLOEXEC).

#include <cstdint>

#include "stores/local/directory.hpp"
#include "stores/local/holders_file.hpp"

namespace exclusive_lock {

using HolderId = std::int64_t;  // positive

class Holder {
 public:
  // Takes a byte of its own. Throws LocalError. Both must outlive it.
  Holder(const StoreDirectory& directory, const HoldersFile& file);
  // Frees the byte, also where a child of fork() still shares the description.
  ~Holder();
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

  [[nodiscard]] HolderId id() const noexcept { return id_; }
  // Whether that store is open. Throws LocalError where the kernel does not say.
  [[nodiscard]] bool is_alive(HolderId id) const;

 private:
  const StoreDirectory& directory_;
  const HoldersFile& file_;
  HolderId id_ = 0;
};

}  // namespace exclusive_lock
