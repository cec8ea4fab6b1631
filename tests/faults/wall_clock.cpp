#include "faults/wall_clock.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace exclusive_lock::faults {

WallClock::WallClock() {
  const int fd = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const bool is_sized = fd >= 0 && ::ftruncate(fd, sizeof *shown_) == 0;
  void* memory = is_sized
                     ? ::mmap(nullptr, sizeof *shown_, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
                     : MAP_FAILED;
  const int error = errno;
  if (fd >= 0) {
    ::close(fd);
  }
  if (memory == MAP_FAILED) {
    throw std::system_error(error, std::generic_category(), "cannot make the file of a clock");
  }
  shown_ = static_cast<ClockFile*>(memory);  // zeroes are a clock that is right
}

WallClock::~WallClock() { ::munmap(shown_, sizeof *shown_); }

void WallClock::stand_still() noexcept {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  stand_at(std::chrono::duration_cast<std::chrono::microseconds>(now) +
           std::chrono::microseconds(shown_->offset_us));
}

std::vector<std::string> WallClock::environment() const {
  return {"LD_PRELOAD=" FAULT_SET_CLOCK, setting()};
}

}  // namespace exclusive_lock::faults
