#include "cli/output/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/environment.hpp"
#include "exclusive_lock/printable.hpp"

namespace exclusive_lock::cli {
namespace {

bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

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
  for (const char byte : text) {
    count += begins_code_point(byte) ? 1 : 0;
  }
  return count;
}

std::string cut_to(std::string_view text, std::size_t most) {
  if (columns(text) <= most) {
    return std::string(text);
  }
  std::size_t seen = 0;
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    if (begins_code_point(text[end]) && seen++ + 1 >= most) {
      break;
    }
  }
  return std::string(text.substr(0, end)) + (most == 0 ? "" : "\u2026");
}

std::string shown(std::string_view untrusted, std::size_t most_bytes) {
  return printable(untrusted, most_bytes);
}

std::string fit_for_terminal(std::string_view text) {
  std::string doubled;
  for (const char byte : text) {
    doubled.append(byte == '\\' ? 2 : 1, byte);
  }
  // A backslash is all that printable() changes in text that is fit already.
  const std::string escaped = printable(text, text.size() + 1);
  return escaped == doubled ? std::string(text) : escaped;
}

}  // namespace exclusive_lock::cli
