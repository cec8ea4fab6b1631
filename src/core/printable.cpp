#include "exclusive_lock/printable.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/utf8.hpp"

namespace exclusive_lock {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Code points that a terminal does not show or shows in another place. Source: Unicode 15.0,
// DerivedCoreProperties.txt (Default_Ignorable_Code_Point, which includes Bidi_Control), plus the
// separators U+2028 and U+2029 and the annotation marks U+FFF9 to U+FFFB. The drawback: emoji that
// such marks join or style are shown in parts.
constexpr std::array unseen{
    Range{0x00AD, 0x00AD},   Range{0x034F, 0x034F},   Range{0x061C, 0x061C},
    Range{0x115F, 0x1160},   Range{0x17B4, 0x17B5},   Range{0x180B, 0x180F},
    Range{0x200B, 0x200F},   Range{0x2028, 0x202E},   Range{0x2060, 0x206F},
    Range{0x3164, 0x3164},   Range{0xFE00, 0xFE0F},   Range{0xFEFF, 0xFEFF},
    Range{0xFFA0, 0xFFA0},   Range{0xFFF0, 0xFFFB},   Range{0x1BCA0, 0x1BCA3},
    Range{0x1D173, 0x1D17A}, Range{0xE0000, 0xE0FFF},
};

bool is_unseen(char32_t value) {
  return std::any_of(unseen.begin(), unseen.end(), [value](const Range& range) {
    return value >= range.first && value <= range.last;
  });
}

std::string hex_byte(unsigned char byte) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\x%02x", static_cast<unsigned>(byte));
  return text.data();
}

std::string hex_code_point(char32_t value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "\\u{%04x}", static_cast<unsigned>(value));
  return text.data();
}

void append_ascii(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  if (c == '\\') {
    out += "\\\\";
  } else if (c == '\n') {
    out += "\\n";
  } else if (c == '\r') {
    out += "\\r";
  } else if (c == '\t') {
    out += "\\t";
  } else if (byte < 0x20 || byte == 0x7F) {
    out += hex_byte(byte);
  } else {
    out += c;
  }
}

// Never splits a character, so the result may be up to three bytes shorter.
std::string_view cut(std::string_view text, std::size_t max_bytes) {
  std::size_t end = 0;
  while (true) {
    const auto point = first_code_point(text.substr(end));
    const std::size_t size = point ? point->size : 1;
    if (end + size > max_bytes) {
      return text.substr(0, end);
    }
    end += size;
  }
}

}  // namespace

std::string printable(std::string_view untrusted, std::size_t max_bytes) {
  const bool is_cut = untrusted.size() > max_bytes;
  std::string_view rest = is_cut ? cut(untrusted, max_bytes) : untrusted;
  std::string out;
  out.reserve(rest.size());
  while (!rest.empty()) {
    const auto point = first_code_point(rest);
    if (!point) {
      out += hex_byte(static_cast<unsigned char>(rest[0]));
    } else if (point->value < 0x80) {
      append_ascii(out, rest[0]);
    } else if (point->value < 0xA0 || is_unseen(point->value)) {
      out += hex_code_point(point->value);
    } else {
      out.append(rest.substr(0, point->size));
    }
    rest.remove_prefix(point ? point->size : 1);
  }
  if (is_cut) {
    out += "... (" + std::to_string(untrusted.size()) + " bytes)";
  }
  return out;
}

}  // namespace exclusive_lock
