#pragma once
// Store URLs (include/exclusive_lock/connection.hpp has the table of them).
//
// The parser is our own (docs/decisions/0007-own-url-splitter.md). RFC 3986 (appendix B) separates
// the parts of a URL by four delimiters; the rest are checks of each part. A library parser stops
// at the first mistake, and its messages quote the URL. This one reports all mistakes at once and
// quotes only numbers and schemes, so it never shows a password in a wrong place (G11).
//
// Characters that RFC 3986 wants percent-encoded but that are no delimiters, such as a space in a
// path, are accepted as they are. Control characters are not.
//
// To add a scheme: its name in store_scheme.hpp, a struct here, a case in parse_parts(), one in
// src/connect.cpp, the table in connection.hpp, tests/unit/connect/store_url_test.cpp.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connect/credentials.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {

inline constexpr std::size_t max_url_bytes = 4096;
inline constexpr std::uint16_t redis_port = 6379;

struct LocalUrl {
  std::filesystem::path directory{};  // empty: the default directory
  friend bool operator==(const LocalUrl&, const LocalUrl&) = default;
};

struct MemoryUrl {
  friend bool operator==(const MemoryUrl&, const MemoryUrl&) = default;
};

struct RedisUrl {
  bool tls = false;
  std::string host{};  // a name, an IPv4 address, or an IPv6 address without brackets
  std::uint16_t port = redis_port;
  std::filesystem::path unix_socket{};  // instead of host and port
  int database = 0;
  std::optional<Credentials> credentials{};
  friend bool operator==(const RedisUrl&, const RedisUrl&) = default;
};

using StoreUrl = std::variant<LocalUrl, MemoryUrl, RedisUrl>;

struct ParsedStoreUrl {
  // None: the scheme is unknown. A part with a mistake keeps its default.
  std::optional<StoreUrl> url;
  std::vector<Mistake> mistakes;  // with fields such as "store URL: host"
};

ParsedStoreUrl parse_store_url(std::string_view text);

// The text of the URL, without credentials and without defaults.
std::string text_without_credentials(const StoreUrl& url);

}  // namespace exclusive_lock
