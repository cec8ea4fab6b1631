#pragma once
// A pseudoterminal; the test acts as its user.

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
  // All output so far.
  [[nodiscard]] std::string screen();
  // Waits until the output has `text` after the byte `from`; returns the position after it.
  std::size_t wait_for(std::string_view text, std::size_t from = 0);
  // Whether the terminal is in canonical mode with echo, as a shell leaves it to programs.
  [[nodiscard]] bool is_in_line_mode() const;
  // The foreground process group.
  [[nodiscard]] int foreground() const;

 private:
  int test_end_ = -1;
  int program_end_ = -1;
  std::mutex mutex_;
  std::string screen_;
  std::jthread reader_;
};

}  // namespace exclusive_lock::cli_test
