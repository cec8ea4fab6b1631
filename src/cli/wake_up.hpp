#pragma once
// A descriptor that becomes readable when another thread has news.

#include <poll.h>
#include <sys/eventfd.h>

#include <cstdint>

#include "cli/file_descriptor.hpp"
#include "cli/system_call.hpp"

namespace exclusive_lock::cli {

class WakeUp {
 public:
  WakeUp() : descriptor_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

  [[nodiscard]] int descriptor() const noexcept { return descriptor_.number(); }
  void send() noexcept {
    const std::uint64_t one = 1;
    // It fails only where 2^64 - 1 are waiting, and then the reader wakes up all the same.
    static_cast<void>(::write(descriptor(), &one, sizeof one) == 0);
  }
  // False where nothing had been sent.
  bool receive() noexcept {
    std::uint64_t count = 0;
    return ::read(descriptor(), &count, sizeof count) > 0;
  }

 private:
  FileDescriptor descriptor_;
};

}  // namespace exclusive_lock::cli
