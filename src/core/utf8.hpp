#pragma once
// UTF-8, told from other bytes (RFC 3629: no overlong forms, no surrogates, nothing above
// U+10FFFF).

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace exclusive_lock {

struct CodePoint {
  char32_t value;
  std::size_t size;  // bytes it takes, 1 to 4
};

// The code point that the text begins with; none where it is empty or begins with other bytes.
std::optional<CodePoint> first_code_point(std::string_view text);

// Where the first byte is that is not part of UTF-8; none: there is none.
std::optional<std::size_t> first_non_utf8(std::string_view text);

// The text with U+FFFD in place of every byte that is not part of UTF-8.
std::string as_utf8(std::string_view bytes);

}  // namespace exclusive_lock
