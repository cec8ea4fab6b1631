#include "cli/pty.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "cli/process.hpp"

namespace exclusive_lock::cli_test {

Pty::Pty() {
  winsize size{.ws_row = 24, .ws_col = 200, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::openpty(&test_end_, &program_end_, nullptr, nullptr, &size) == -1) {
    throw std::system_error(errno, std::generic_category(), "openpty");
  }
  ::fcntl(test_end_, F_SETFD, FD_CLOEXEC);
  ::fcntl(program_end_, F_SETFD, FD_CLOEXEC);
  reader_ = std::jthread([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd readable{.fd = test_end_, .events = POLLIN, .revents = 0};
      std::array<char, 4096> bytes{};
      if (::poll(&readable, 1, 10) > 0) {
        const ssize_t size = ::read(test_end_, bytes.data(), bytes.size());
        const std::lock_guard guard(mutex_);
        screen_.append(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
      }
    }
  });
}

Pty::~Pty() {
  reader_.request_stop();
  reader_.join();
  ::close(test_end_);
  ::close(program_end_);
}

void Pty::type(std::string_view keys) const {
  if (::write(test_end_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
    throw std::runtime_error("the terminal takes no keys");
  }
}

void Pty::set_width(unsigned short columns) const {
  const winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(test_end_, TIOCSWINSZ, &size);
}

std::string Pty::screen() {
  const std::lock_guard guard(mutex_);
  return screen_;
}

std::size_t Pty::wait_for(std::string_view text, std::size_t from) {
  std::size_t found = std::string::npos;
  const auto is_there = [&] {
    found = screen().find(text, from);
    return found != std::string::npos;
  };
  try {
    wait_until(is_there, text);
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(std::string(error.what()) + "; on the screen: " + screen());
  }
  return found + text.size();
}

bool Pty::is_in_line_mode() const {
  termios modes{};
  ::tcgetattr(test_end_, &modes);
  return (modes.c_lflag & ICANON) != 0 && (modes.c_lflag & ECHO) != 0;
}

int Pty::foreground() const { return ::tcgetpgrp(test_end_); }

}  // namespace exclusive_lock::cli_test
