#include "core/utf8.hpp"

#include <cstdint>

namespace exclusive_lock {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

struct Shape {
  std::size_t size;
  char32_t lead_bits;
  char32_t lowest;  // a lower value has a shorter form
};

std::optional<Shape> shape_of(unsigned char lead) {
  if (lead < 0x80) {
    return Shape{1, lead, 0};
  }
  if ((lead & 0xE0U) == 0xC0) {
    return Shape{2, lead & 0x1FU, 0x80};
  }
  if ((lead & 0xF0U) == 0xE0) {
    return Shape{3, lead & 0x0FU, 0x800};
  }
  if ((lead & 0xF8U) == 0xF0) {
    return Shape{4, lead & 0x07U, 0x10000};
  }
  return std::nullopt;
}

}  // namespace

std::optional<CodePoint> first_code_point(std::string_view text) {
  if (text.empty()) {
    return std::nullopt;
  }
  const auto shape = shape_of(static_cast<unsigned char>(text[0]));
  if (!shape || text.size() < shape->size) {
    return std::nullopt;
  }
  char32_t value = shape->lead_bits;
  for (std::size_t i = 1; i < shape->size; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80) {
      return std::nullopt;
    }
    value = (value << 6) | (byte & 0x3FU);
  }
  const bool is_surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (value < shape->lowest || value > 0x10FFFF || is_surrogate) {
    return std::nullopt;
  }
  return CodePoint{value, shape->size};
}

std::optional<std::size_t> first_non_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto point = first_code_point(text.substr(at));
    if (!point) {
      return at;
    }
    at += point->size;
  }
  return std::nullopt;
}

std::string as_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    const auto point = first_code_point(bytes);
    text.append(point ? bytes.substr(0, point->size) : replacement_character);
    bytes.remove_prefix(point ? point->size : 1);
  }
  return text;
}

}  // namespace exclusive_lock
