#pragma once
// A URL, taken apart at its delimiters and nowhere else (RFC 3986, appendix B). Nothing is checked.

#include <optional>
#include <string>
#include <string_view>

namespace exclusive_lock {

// scheme ":" ["//" authority] path ["?" query] ["#" fragment]. All but the scheme point into the
// text.
struct UrlParts {
  std::string scheme;  // in lower case; empty where the text begins otherwise
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

UrlParts split_url(std::string_view text);

bool is_digit(char c);  // 0 to 9, whatever the locale

// None where two hexadecimal digits do not follow a '%'.
std::optional<std::string> percent_decoded(std::string_view text);

// Letters, digits and "-._~/" stay, as in a path; every other byte becomes %XX.
std::string percent_encoded_path(std::string_view bytes);

}  // namespace exclusive_lock
