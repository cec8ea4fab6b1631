#pragma once
// The capabilities of a descriptor that may be a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace exclusive_lock::cli {

class Environment;

class Terminal {
 public:
  // Checks the descriptor once. Colour and status lines need a terminal that is not "dumb".
  Terminal(int descriptor, const Environment& environment);

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  // Whether a line can be redrawn: the terminal understands escapes, and this process is not in the
  // background.
  [[nodiscard]] bool can_redraw() const;
  // The current width in columns; 80 if it is not known.
  [[nodiscard]] std::size_t width() const;
  [[nodiscard]] std::string bold(std::string_view text) const { return styled("1", text); }
  [[nodiscard]] std::string faint(std::string_view text) const { return styled("2", text); }

 private:
  [[nodiscard]] std::string styled(std::string_view style, std::string_view text) const;

  int descriptor_;
  bool is_terminal_;
  bool understands_escapes_;
  bool has_colour_;
};

// The width of UTF-8 text in columns: two for a wide character, none for a combining one.
std::size_t columns(std::string_view text);
// At most `max` columns; if the text is cut, the last column is an ellipsis.
std::string cut_to(std::string_view text, std::size_t max);
// At most `max` bytes, cut between characters.
std::string cut_to_bytes(std::string_view text, std::size_t max);
// Untrusted text for a sentence or a table: printable, and cut.
std::string shown(std::string_view untrusted, std::size_t max_bytes = 256);
// For text that may be printable already: unchanged if it is, printable(text) otherwise.
std::string fit_for_terminal(std::string_view text);

}  // namespace exclusive_lock::cli
