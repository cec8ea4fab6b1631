#pragma once
// Recognizes UTF-8 (RFC 3629: no overlong forms, no surrogates, no code point above U+10FFFF).

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace exclusive_lock {

struct CodePoint {
  char32_t value;
  std::size_t size;  // in bytes, 1 to 4
};

// The code point at the beginning of the text. None: the text is empty or begins with other bytes.
std::optional<CodePoint> first_code_point(std::string_view text);

// The position of the first byte that is not part of UTF-8. None: all bytes are.
std::optional<std::size_t> first_non_utf8(std::string_view text);

// The text with U+FFFD in place of every byte that is not part of UTF-8.
std::string as_utf8(std::string_view bytes);

}  // namespace exclusive_lock
