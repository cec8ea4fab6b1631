#include "os/process.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace exclusive_lock {
namespace {

constexpr std::size_t length = 1;  // the kernel rounds up to a page

unsigned char* new_page_of_this_process() noexcept {
  void* const page = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                            /*fd=*/-1, /*offset=*/0);
  if (page == MAP_FAILED)
    return nullptr;
  if (::madvise(page, length, MADV_WIPEONFORK) == 0)
    return static_cast<unsigned char*>(page);
  ::munmap(page, length);
  return nullptr;
}

}  // namespace

ProcessMark::ProcessMark() noexcept : pid_(::getpid()), page_(new_page_of_this_process()) {
  if (page_ != nullptr)
    *page_ = 1;
}

ProcessMark::~ProcessMark() {
  if (page_ != nullptr)
    ::munmap(const_cast<unsigned char*>(page_), length);
}

bool ProcessMark::has_same_pid() const noexcept { return ::getpid() == pid_; }

}  // namespace exclusive_lock
