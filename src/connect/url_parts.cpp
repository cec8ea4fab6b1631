#include "connect/url_parts.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace exclusive_lock {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_scheme(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

// Removes the first `delimiter` and the text after it from `text`, and returns that text.
std::optional<std::string_view> cut_behind(std::string_view& text, char delimiter) {
  const auto at = text.find(delimiter);
  if (at == std::string_view::npos) {
    return std::nullopt;
  }
  const auto behind = text.substr(at + 1);
  text = text.substr(0, at);
  return behind;
}

}  // namespace

bool is_digit(char c) { return c >= '0' && c <= '9'; }

UrlParts split_url(std::string_view text) {
  UrlParts parts;
  const auto scheme = text.substr(0, text.find(':'));
  if (scheme.size() < text.size() && is_scheme(scheme)) {
    std::transform(scheme.begin(), scheme.end(), std::back_inserter(parts.scheme), lower);
    text.remove_prefix(scheme.size() + 1);
  }
  parts.fragment = cut_behind(text, '#');
  parts.query = cut_behind(text, '?');
  if (text.starts_with("//")) {
    text.remove_prefix(2);
    parts.authority = text.substr(0, text.find('/'));
    text.remove_prefix(parts.authority->size());
  }
  parts.path = text;
  return parts;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    if (text.front() != '%') {
      bytes += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto digits = text.substr(1, 2);
    unsigned value = 0;
    const auto [stopped, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (error != std::errc{} || digits.size() != 2 || stopped != digits.data() + 2) {
      return std::nullopt;
    }
    bytes += static_cast<char>(value);
    text.remove_prefix(3);
  }
  return bytes;
}

std::string percent_encoded_path(std::string_view bytes) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  constexpr std::string_view marks = "-._~/";
  std::string text;
  for (const char c : bytes) {
    if (is_letter(c) || is_digit(c) || marks.find(c) != std::string_view::npos) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += '%';
      text += hex[byte >> 4U];
      text += hex[byte & 0xFU];
    }
  }
  return text;
}

}  // namespace exclusive_lock
