#include "property.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace exclusive_lock::fuzz {
namespace {

// The code point at the front, with the bytes it took off; none: not UTF-8 (RFC 3629, section 4,
// whose grammar this follows).
std::optional<std::uint32_t> take_code_point(std::string_view& text) {
  const auto at = [text](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto is_tail = [&](std::size_t i, unsigned least = 0x80, unsigned most = 0xBF) {
    return at(i) >= least && at(i) <= most;
  };
  const unsigned lead = at(0);
  std::size_t size = 0;
  if (lead < 0x80) {
    size = 1;
  } else if (lead >= 0xC2 && lead <= 0xDF && is_tail(1)) {
    size = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF &&
             is_tail(1, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF) && is_tail(2)) {
    size = 3;
  } else if (lead >= 0xF0 && lead <= 0xF4 &&
             is_tail(1, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF) && is_tail(2) &&
             is_tail(3)) {
    size = 4;
  }
  if (size == 0) {
    return std::nullopt;
  }
  std::uint32_t value = size == 1 ? lead : lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    value = value << 6U | (at(i) & 0x3FU);
  }
  text.remove_prefix(size);
  return value;
}

bool is_obeyed_by_terminals(std::uint32_t value) {
  const auto is_in = [value](std::uint32_t first, std::uint32_t last) {
    return value >= first && value <= last;
  };
  return value < 0x20 || is_in(0x7F, 0x9F) || value == 0x061C || is_in(0x200E, 0x200F) ||
         is_in(0x2028, 0x202E) || is_in(0x2066, 0x2069);
}

}  // namespace

void fail(std::string_view property, std::string_view shown_by) {
  // On stderr raw bytes would garble the terminal of whoever looks for the mistake.
  std::fprintf(stderr, "does not hold: %.*s\nshown by: \"", static_cast<int>(property.size()),
               property.data());
  for (const char c : shown_by) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      std::fputc(c, stderr);
    } else {
      std::fprintf(stderr, "\\x%02x", static_cast<unsigned>(byte));
    }
  }
  std::fputs("\"\n", stderr);
  std::abort();
}

bool is_fit_for_terminal(std::string_view text) {
  while (!text.empty()) {
    const auto value = take_code_point(text);
    if (!value || is_obeyed_by_terminals(*value)) {
      return false;
    }
  }
  return true;
}

void require_fit(std::string_view text, std::string_view what) {
  require(is_fit_for_terminal(text), std::string(what) + " is fit for a terminal", text);
}

std::uint8_t Input::byte() {
  if (rest_.empty()) {
    return 0;
  }
  const std::uint8_t first = rest_.front();
  rest_ = rest_.subspan(1);
  return first;
}

std::uint64_t Input::number() {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i) {
    value = value << 8U | byte();
  }
  return value;
}

std::string Input::text() {
  std::string text;
  while (!rest_.empty() && rest_.front() != 0) {
    text += static_cast<char>(byte());
  }
  byte();
  return text;
}

std::string Input::rest() {
  std::string text(rest_.begin(), rest_.end());
  rest_ = {};
  return text;
}

std::string with_password(std::string_view text) {
  std::string filled;
  for (const char c : text) {
    if (c == '\x01') {
      filled += password_mark;
    } else {
      filled += c;
    }
  }
  return filled;
}

bool holds_password(std::string_view text) {
  return text.find(password_mark) != std::string_view::npos;
}

}  // namespace exclusive_lock::fuzz
