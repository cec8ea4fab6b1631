#pragma once
// Splits a URL at its delimiters (RFC 3986, appendix B), without checks.

#include <optional>
#include <string>
#include <string_view>

namespace exclusive_lock {

// scheme ":" ["//" authority] path ["?" query] ["#" fragment]. All parts but the scheme are views
// of the text.
struct UrlParts {
  std::string scheme;  // in lower case; empty if the text begins otherwise
  std::optional<std::string_view> authority;
  std::string_view path;
  std::optional<std::string_view> query;
  std::optional<std::string_view> fragment;
};

UrlParts split_url(std::string_view text);

bool is_digit(char c);  // 0 to 9, in any locale

// None: two hexadecimal digits do not follow a '%'.
std::optional<std::string> percent_decoded(std::string_view text);

// Letters, digits and "-._~/" stay, as in a path; every other byte becomes %XX.
std::string percent_encoded_path(std::string_view bytes);

}  // namespace exclusive_lock
