#pragma once
// Lends the terminal to the child.
//
// A terminal sends ^C and ^Z to one process group, the foreground group, and only its members may
// read from it. The child has a process group of its own, so that it can be killed as a whole. So
// if this process's group is the foreground group, the child's group must become it, and this
// process must take the terminal back when the child stops or ends.
//
// If stdin or stdout is a pipe, this process is part of a pipeline. The other members of the
// pipeline are in this process's group: taking the terminal away would stop a pager that reads
// keys. There the child gets the terminal only when it needs it, that is, when it is stopped for
// reading from it (SIGTTIN) or for changing its modes (SIGTTOU).

#include <sys/types.h>
#include <termios.h>

#include <optional>

#include "os/descriptors.hpp"

namespace exclusive_lock::cli {

class Foreground {
 public:
  // Opens the controlling terminal, if there is one. SIGTTOU must be blocked (signal_inbox.hpp).
  Foreground();

  // Whether the child becomes the foreground group before it starts.
  [[nodiscard]] bool lends_at_start() const;
  // Whether this process's group is the foreground group.
  [[nodiscard]] bool has_terminal() const;
  // For a child that takes the terminal itself, between fork and exec; -1: no terminal.
  [[nodiscard]] int descriptor() const noexcept { return terminal_.get(); }

  // False if this process's group is not the foreground group.
  bool lend_to(pid_t group);
  // Does nothing unless `group` has the terminal. `restore_modes`: also restores the terminal's
  // modes at the start of this process, for a child that was killed and could not do so.
  void take_back_from(pid_t group, bool restore_modes);
  [[nodiscard]] bool is_lent_to(pid_t group) const;

 private:
  Descriptor terminal_;
  std::optional<termios> modes_;
};

}  // namespace exclusive_lock::cli
