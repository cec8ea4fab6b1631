#pragma once
// Store URLs (include/exclusive_lock/connection.hpp has the table of them).
//
// Parsed by a splitter of our own: RFC 3986 (appendix B) tells the parts apart by four delimiters,
// and the rest is checks of each part. A parser that stops at the first fault could not tell every
// mistake at once, and what it says of a bad URL quotes the URL. No mistake here quotes more than a
// number or a scheme, so that a password in the wrong place is not shown either (G11).
//
// Where RFC 3986 wants a character percent-encoded that cannot be mistaken for a delimiter (a space
// in a path, say), it is taken as it is. Control characters never are.
//
// Whoever adds a scheme: its name in store_scheme.hpp, a struct here, a case in parse_parts(), one
// in src/connect.cpp, the table in connection.hpp, tests/unit/connect/store_url_test.cpp.

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

inline constexpr std::size_t most_url_bytes = 4096;
inline constexpr std::uint16_t redis_port = 6379;

struct LocalUrl {
  std::filesystem::path directory{};  // empty: the default place
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
  // None: the scheme is unknown. Where there are mistakes, only the scheme and what they do not
  // name is set.
  std::optional<StoreUrl> url;
  std::vector<Mistake> mistakes;  // of fields "store URL: host" and so on
};

ParsedStoreUrl parse_store_url(std::string_view text);

// The URL again, without credentials and with nothing that is a default.
std::string text_without_credentials(const StoreUrl& url);

}  // namespace exclusive_lock
