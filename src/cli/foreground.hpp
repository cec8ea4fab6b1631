#pragma once
// The terminal, lent to the child.
//
// A terminal sends ^C and ^Z to one process group, the foreground one, and lets only its members
// read. The child is in a group of its own (so that it can be killed whole), so it must be made the
// foreground group if we are it, and the terminal must be taken back when it stops or ends.
//
// Where stdin or stdout is a pipe, we are part of a pipeline, whose other members are in our group:
// taking the terminal away from them would stop a pager that reads keys. There the child gets it
// only when it asks, by being stopped for reading from it (SIGTTIN) or for changing its modes
// (SIGTTOU).

#include <sys/types.h>
#include <termios.h>

#include <optional>

#include "cli/file_descriptor.hpp"

namespace exclusive_lock::cli {

class Foreground {
 public:
  // Opens the controlling terminal, if there is one. SIGTTOU must be blocked (signal_inbox.hpp).
  Foreground();

  // Whether to make the child the foreground group before it starts.
  [[nodiscard]] bool is_to_be_lent_at_once() const;
  [[nodiscard]] bool is_ours() const;
  // The number for a child that takes the terminal itself, between fork and exec; -1: no terminal.
  [[nodiscard]] int descriptor() const noexcept { return terminal_.number(); }

  // False where this group is not the foreground one, so that there is nothing to lend.
  bool lend_to(pid_t group);
  // If `group` still has it. `restore_modes`: also how the terminal was when we came, for a child
  // that was killed and could not do it itself.
  void take_back_from(pid_t group, bool restore_modes);
  [[nodiscard]] bool is_lent_to(pid_t group) const;

 private:
  FileDescriptor terminal_;
  std::optional<termios> modes_;
};

}  // namespace exclusive_lock::cli
