#include "cli/output/write.hpp"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

namespace exclusive_lock::cli {

std::error_code write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody who shares the open file made it non-blocking.
      pollfd waiting{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return {errno, std::generic_category()};
    }
  }
  return {};
}

void write_result(std::string_view text) {
  if (const std::error_code error = write_all(STDOUT_FILENO, text)) {
    throw OutputFailed("cannot write the result to stdout: " + error.message());
  }
}

}  // namespace exclusive_lock::cli
