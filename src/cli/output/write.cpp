#include "cli/output/write.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace exclusive_lock::cli {

std::error_code write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Another process that shares the open file made it non-blocking.
      pollfd waiting{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      return {errno, std::generic_category()};
    }
  }
  return {};
}

void BoundedWriter::open() {
  is_open_ = true;
  struct stat what {};
  if (::fstat(descriptor_, &what) != 0) {
    return;
  }
  is_socket_ = S_ISSOCK(what.st_mode);
  // A regular file does not block; reopened, it would be written from its beginning.
  if (S_ISFIFO(what.st_mode) || ::isatty(descriptor_) == 1) {
    const std::string name = "/proc/self/fd/" + std::to_string(descriptor_);
    own_ = Descriptor(::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    may_block_ = !own_.is_open();  // no /proc, or a file of another user
  }
}

ssize_t BoundedWriter::write_some(std::string_view text) const {
  if (is_socket_) {
    return ::send(descriptor_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  if (own_.is_open()) {
    return ::write(own_.get(), text.data(), text.size());
  }
  if (may_block_) {
    pollfd writable{.fd = descriptor_, .events = POLLOUT, .revents = 0};
    if (::poll(&writable, 1, 0) == 0) {
      errno = EAGAIN;
      return -1;
    }
    text = text.substr(0, PIPE_BUF);  // a writable pipe takes this much
  }
  return ::write(descriptor_, text.data(), text.size());
}

bool BoundedWriter::write(std::string_view text, std::chrono::milliseconds timeout) {
  if (!is_open_) {
    open();
  }
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!text.empty()) {
    const ssize_t written = write_some(text);
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
      pollfd writable{
          .fd = own_.is_open() ? own_.get() : descriptor_, .events = POLLOUT, .revents = 0};
      if (left.count() <= 0 || ::poll(&writable, 1, static_cast<int>(left.count())) == 0) {
        return false;
      }
    } else if (errno != EINTR) {
      return true;
    }
  }
  return true;
}

void write_result(std::string_view text) {
  if (const std::error_code error = write_all(STDOUT_FILENO, text)) {
    throw OutputFailed("cannot write the result to stdout: " + error.message());
  }
}

}  // namespace exclusive_lock::cli
