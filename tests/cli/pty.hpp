#pragma once
// A terminal, with the test in the person's place.

#include <array>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace exclusive_lock::cli_test {

class Pty {
 public:
  Pty();
  ~Pty();
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  // For Invocation::terminal.
  [[nodiscard]] int program_end() const { return program_end_; }
  void type(std::string_view keys) const;
  void set_width(unsigned short columns) const;
  // Everything that was sent to the screen so far.
  [[nodiscard]] std::string screen();
  // Waits until `text` was sent after the `from`-th byte; returns where it ends.
  std::size_t wait_for(std::string_view text, std::size_t from = 0);
  // Whether typed lines are taken as a whole and echoed: how a shell leaves a terminal to programs.
  [[nodiscard]] bool is_in_line_mode() const;
  // The foreground process group.
  [[nodiscard]] int foreground() const;

 private:
  int our_end_ = -1;
  int program_end_ = -1;
  std::mutex mutex_;
  std::string screen_;
  std::jthread reader_;
};

}  // namespace exclusive_lock::cli_test
