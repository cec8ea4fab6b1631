#include "cli/foreground.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace exclusive_lock::cli {
namespace {

bool is_pipe(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 &&
         (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

}  // namespace

Foreground::Foreground() : terminal_(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)) {
  termios modes{};
  if (terminal_.is_open() && ::tcgetattr(terminal_.get(), &modes) == 0) {
    modes_ = modes;
  }
}

bool Foreground::has_terminal() const { return is_lent_to(::getpgrp()); }

bool Foreground::is_lent_to(pid_t group) const {
  return terminal_.is_open() && ::tcgetpgrp(terminal_.get()) == group;
}

bool Foreground::lends_at_start() const {
  return has_terminal() && !is_pipe(STDIN_FILENO) && !is_pipe(STDOUT_FILENO);
}

bool Foreground::lend_to(pid_t group) {
  return has_terminal() && ::tcsetpgrp(terminal_.get(), group) == 0;
}

void Foreground::take_back_from(pid_t group, bool restore_modes) {
  if (!is_lent_to(group)) {
    return;
  }
  ::tcsetpgrp(terminal_.get(), ::getpgrp());
  if (restore_modes && modes_) {
    ::tcsetattr(terminal_.get(), TCSADRAIN, &*modes_);
  }
}

}  // namespace exclusive_lock::cli
