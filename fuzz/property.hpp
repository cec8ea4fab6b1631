#pragma once
// What the fuzz targets (targets.hpp) are made of: input taken apart, and properties that end the
// process where they do not hold, which is what libFuzzer saves an input for.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace exclusive_lock::fuzz {

using Bytes = std::span<const std::uint8_t>;

// Prints the property that does not hold, with what shows it, and aborts.
[[noreturn]] void fail(std::string_view property, std::string_view shown_by);

inline void require(bool holds, std::string_view property, std::string_view shown_by = {}) {
  if (!holds) {
    fail(property, shown_by);
  }
}

// Text that a terminal shows as it is: UTF-8 without C0, DEL, C1, marks of direction and line or
// paragraph separators. Written anew here, so that it is not the code under test that judges
// itself.
bool is_fit_for_terminal(std::string_view text);
void require_fit(std::string_view text, std::string_view what);

// Reads an input from its front. Where it is over, numbers are 0 and texts are empty.
class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}

  [[nodiscard]] bool is_over() const { return rest_.empty(); }
  std::uint8_t byte();
  std::uint64_t number();  // eight bytes
  bool flag() { return (byte() & 1U) != 0; }
  // One of `choices`, of which there is at least one.
  std::size_t choice(std::size_t choices) { return byte() % choices; }
  // Up to the next NUL, which is left out; so inputs can be read and written by people.
  std::string text();
  std::string rest();

 private:
  Bytes rest_;
};

// A password that no message contains by chance. It has a character that no scheme, number, option
// or word of ours has.
inline constexpr std::string_view password_mark = "Zq9_Zq9_Zq9";
// The text with a password in place of every '\x01'.
std::string with_password(std::string_view text);
bool holds_password(std::string_view text);

}  // namespace exclusive_lock::fuzz
