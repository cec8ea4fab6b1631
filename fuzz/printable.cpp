// The terminal escaper.
//
// - Whatever goes in, what comes out is UTF-8 without C0, DEL, C1, marks of direction and line
//   separators (G11).
// - Nothing is lost or made up: what is not cut can be read back to the bytes that went in.
// - What is cut is cut: the result is bounded by what was asked for.
// - Text that is fit already is not escaped twice.
//
// Input: two bytes that say where to cut, then the text.

#include "exclusive_lock/printable.hpp"

#include <algorithm>
#include <charconv>

#include "cli/output/terminal.hpp"
#include "core/utf8.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

std::string utf8_of(std::uint32_t value) {
  const auto tail = [value](unsigned shift) {
    return static_cast<char>(0x80U | ((value >> shift) & 0x3FU));
  };
  if (value < 0x80) {
    return {static_cast<char>(value)};
  }
  if (value < 0x800) {
    return {static_cast<char>(0xC0U | value >> 6U), tail(0)};
  }
  if (value < 0x10000) {
    return {static_cast<char>(0xE0U | value >> 12U), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0U | value >> 18U), tail(12), tail(6), tail(0)};
}

std::uint32_t hex_at(std::string_view digits) {
  std::uint32_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  require(error == std::errc{} && end == digits.data() + digits.size(), "an escape is whole",
          digits);
  return value;
}

// Takes one escape, from its backslash on, and gives what it stands for.
std::string take_escape(std::string_view& text) {
  const char kind = text.size() > 1 ? text[1] : '\0';
  if (kind == 'x') {
    const auto byte = hex_at(text.substr(2, 2));
    text.remove_prefix(4);
    return {static_cast<char>(byte)};
  }
  if (kind == 'u') {
    const auto end = text.find('}');
    require(text.size() > 2 && text[2] == '{' && end != std::string_view::npos,
            "an escape is whole", text);
    const auto value = hex_at(text.substr(3, end - 3));
    text.remove_prefix(end + 1);
    return utf8_of(value);
  }
  text.remove_prefix(std::min<std::size_t>(2, text.size()));
  switch (kind) {
    case 'n':
      return "\n";
    case 'r':
      return "\r";
    case 't':
      return "\t";
    default:
      require(kind == '\\', "an escape is one of ours", text);
      return "\\";
  }
}

std::string read_back(std::string_view printed) {
  std::string bytes;
  while (!printed.empty()) {
    if (printed.front() == '\\') {
      bytes += take_escape(printed);
    } else {
      bytes += printed.front();
      printed.remove_prefix(1);
    }
  }
  return bytes;
}

void check_cut(const std::string& text, std::size_t most) {
  const std::string printed = printable(text, most);
  require_fit(printed, "printable text");
  // The longest escape of one byte has four characters, that of a code point of two bytes eight.
  const std::string full_size = "... (" + std::to_string(text.size()) + " bytes)";
  require(printed.size() <= 4 * most + full_size.size(), "printable text is bounded", printed);
  require(text.size() <= most || printed.ends_with(full_size), "a cut is told", printed);
}

}  // namespace

void check_printable(Bytes bytes) {
  Input input(bytes);
  const std::size_t most = input.byte() * 256U + input.byte();
  const std::string text = input.rest();
  check_cut(text, most);
  const std::string whole = printable(text, text.size());
  require_fit(whole, "printable text");
  require(read_back(whole) == text, "printable text can be read back", whole);
  require(cli::fit_for_terminal(whole) == whole, "fit text is not escaped twice", whole);
  const std::string fit = cli::fit_for_terminal(text);
  require_fit(fit, "text made fit");
  require(cli::fit_for_terminal(fit) == fit, "text made fit stays as it is", fit);
  const std::string narrow = cli::cut_to(whole, most);
  require_fit(narrow, "a line that is cut");
  require(cli::columns(narrow) <= most, "a line that is cut has room", narrow);
  require_fit(as_utf8(text).empty() ? "" : printable(as_utf8(text)), "printable UTF-8");
  require(!first_non_utf8(as_utf8(text)), "text made UTF-8 is UTF-8", text);
}

}  // namespace exclusive_lock::fuzz
