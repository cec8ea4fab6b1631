#include "cli/output/terminal.hpp"

#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cwchar>

#include "cli/environment.hpp"
#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::cli {
namespace {

constexpr std::string_view ellipsis = "\u2026";

bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

// The text is not empty. Bytes that are not UTF-8 come alone or with the bytes after them.
std::string_view first_character(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && size < 4 && !begins_code_point(text[size])) {
    ++size;
  }
  return text.substr(0, size);
}

std::size_t width_of(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character.front());
  if (lead < 0x80U) {
    return 1;
  }
  constexpr std::array<unsigned, 5> lead_bits{0, 0x7FU, 0x1FU, 0x0FU, 0x07U};
  unsigned code_point = lead & lead_bits[character.size()];
  for (const char byte : character.substr(1)) {
    code_point = code_point << 6U | (static_cast<unsigned char>(byte) & 0x3FU);
  }
  // The program's locale is "C", which knows widths of ASCII characters only.
  static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const locale_t before = ::uselocale(utf8);  // a null locale changes nothing
  const int width = ::wcwidth(static_cast<wchar_t>(code_point));
  ::uselocale(before);
  return width < 0 ? 1 : static_cast<std::size_t>(width);
}

}  // namespace

Terminal::Terminal(int descriptor, const Environment& environment)
    : descriptor_(descriptor),
      is_terminal_(::isatty(descriptor) == 1),
      understands_escapes_(is_terminal_ && !environment.has("TERM", "dumb")),
      has_colour_(understands_escapes_ && !environment.forbids_colour()) {}

bool Terminal::can_redraw() const {
  if (!understands_escapes_) {
    return false;
  }
  const pid_t foreground = ::tcgetpgrp(descriptor_);
  return foreground == -1 || foreground == ::getpgrp();
}

std::size_t Terminal::width() const {
  winsize size{};
  if (::ioctl(descriptor_, TIOCGWINSZ, &size) == -1 || size.ws_col == 0) {
    return 80;
  }
  return size.ws_col;
}

std::string Terminal::styled(std::string_view style, std::string_view text) const {
  if (!has_colour_) {
    return std::string(text);
  }
  return "\x1b[" + std::string(style) + "m" + std::string(text) + "\x1b[0m";
}

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view character = first_character(text.substr(at));
    count += width_of(character);
    at += character.size();
  }
  return count;
}

std::string cut_to(std::string_view text, std::size_t max) {
  if (columns(text) <= max) {
    return std::string(text);
  }
  std::size_t taken = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const std::string_view character = first_character(text.substr(end));
    taken += width_of(character);
    if (taken + 1 > max) {
      break;  // the last column is the ellipsis
    }
    end += character.size();
  }
  return std::string(text.substr(0, end)) + std::string(max == 0 ? "" : ellipsis);
}

std::string cut_to_bytes(std::string_view text, std::size_t max) {
  if (text.size() <= max) {
    return std::string(text);
  }
  std::size_t end = max < ellipsis.size() ? 0 : max - ellipsis.size();
  while (end > 0 && !begins_code_point(text[end])) {
    --end;
  }
  return std::string(text.substr(0, end)) + std::string(ellipsis);
}

std::string shown(std::string_view untrusted, std::size_t max_bytes) {
  return printable(untrusted, max_bytes);
}

std::string fit_for_terminal(std::string_view text) {
  std::string doubled;
  for (const char byte : text) {
    doubled.append(byte == '\\' ? 2 : 1, byte);
  }
  // In text that is printable already, printable() changes only backslashes.
  const std::string escaped = printable(text, text.size() + 1);
  return escaped == doubled ? std::string(text) : escaped;
}

}  // namespace exclusive_lock::cli
