#pragma once
// What a descriptor that people may look at can do.

#include <cstddef>
#include <string>
#include <string_view>

namespace exclusive_lock::cli {

class Environment;

class Terminal {
 public:
  // Looks once. Colour and status lines need a terminal that is not "dumb".
  Terminal(int descriptor, const Environment& environment);

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  // True where a line can be drawn over again and this process may do so, not being in the
  // background.
  [[nodiscard]] bool can_redraw() const;
  // Its width in columns as of now; 80 where it does not tell.
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

// How many columns UTF-8 text takes: two for wide characters, none for combining ones.
std::size_t columns(std::string_view text);
// At most `most` columns; where something is cut, the last one is an ellipsis.
std::string cut_to(std::string_view text, std::size_t most);
// The same by bytes, between characters.
std::string cut_to_bytes(std::string_view text, std::size_t max);
// A text from elsewhere as it can stand in a sentence or a table: printable, and short.
std::string shown(std::string_view untrusted, std::size_t most_bytes = 256);
// For text that may have been made printable before: unchanged if it is fit for a terminal,
// printable() otherwise.
std::string fit_for_terminal(std::string_view text);

}  // namespace exclusive_lock::cli
