#include "stores/redis/wake_up_descriptor.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace exclusive_lock::redis {

WakeUpDescriptor::WakeUpDescriptor() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (descriptor_ < 0) {
    throw std::system_error(errno, std::generic_category(), "eventfd");
  }
}

WakeUpDescriptor::~WakeUpDescriptor() { ::close(descriptor_); }

void WakeUpDescriptor::wake_up() const noexcept {
  const std::uint64_t one = 1;
  static_cast<void>(::write(descriptor_, &one, sizeof one));
}

void WakeUpDescriptor::silence() const noexcept {
  std::uint64_t count = 0;
  static_cast<void>(::read(descriptor_, &count, sizeof count));  // EAGAIN: it was silent
}

}  // namespace exclusive_lock::redis
