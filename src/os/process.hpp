#pragma once
// Which process this is, and on which host.

#include <unistd.h>

#include <array>
#include <string>

namespace exclusive_lock {

// gethostname(2), which inspect() shows beside the pid; "unknown" if the kernel does not tell.
inline std::string host_name() {
  std::array<char, 256> name{};  // HOST_NAME_MAX is 64 on Linux
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

// Tells the process that made an object from a copy of that process.
//
// A copy is made by fork(2), and by a raw clone(2), which runs no pthread_atfork handler; in a pid
// namespace of its own the copy may even have the same pid. So the mark is a page of memory that
// the kernel clears in every copy (MADV_WIPEONFORK, Linux 4.14). Where the kernel cannot do that,
// the pid is compared, which misses the same pid in another namespace.
//
// A child that shares the memory (vfork, CLONE_VM) is no copy: it works on the very objects of its
// parent and counts as its process, like a thread. It may do nothing but exec or _exit, as after
// vfork(2).
class ProcessMark {
 public:
  ProcessMark() noexcept;
  ~ProcessMark();
  ProcessMark(const ProcessMark&) = delete;
  ProcessMark& operator=(const ProcessMark&) = delete;

  // False in a copy of the process that made this mark. Any thread; a read of memory, no system
  // call.
  [[nodiscard]] bool is_of_this_process() const noexcept {
    return page_ != nullptr ? *page_ != 0 : has_same_pid();
  }

 private:
  [[nodiscard]] bool has_same_pid() const noexcept;

  const int pid_;
  // Volatile: it changes without a write of this program. Null: the kernel clears no pages.
  volatile unsigned char* page_ = nullptr;
};

}  // namespace exclusive_lock
