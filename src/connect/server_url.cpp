#include "connect/server_url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

#include "connect/url_mistakes.hpp"

namespace exclusive_lock {
namespace {

using Mistakes = std::vector<Mistake>;

// sizeof(sockaddr_un::sun_path) less its final NUL (unix(7)).
constexpr std::size_t max_socket_path_bytes = 107;
constexpr std::size_t max_host_bytes = 253;  // RFC 1035, less the length bytes

bool is_letter_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_name_character(char c) { return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_'; }

// Shows only digits: other text may be a password whose '@' is missing.
std::string number_problem(std::string_view text, std::size_t max_shown) {
  if (text.empty()) {
    return "is empty";
  }
  const auto digits = text.substr(text.front() == '-' ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) {
    return "is not a number";
  }
  return digits.size() > max_shown ? "has too many digits" : "is " + std::string(text);
}

template <class Integer>
std::optional<Integer> number_in(std::string_view text, Integer min) {
  Integer value{};
  const auto [stopped, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = !text.empty() && is_digit(text.front()) && error == std::errc{} &&
                         stopped == text.data() + text.size();
  return is_number && value >= min ? std::optional(value) : std::nullopt;
}

std::optional<Credentials> parse_credentials(std::string_view userinfo, Mistakes& mistakes) {
  const auto colon = userinfo.find(':');
  if (colon == std::string_view::npos) {
    add_mistake(mistakes, "password", "is missing, although there is a user name or an '@'",
                "'user:password@' or ':password@'; 'user:@' for a user without password");
    return std::nullopt;
  }
  if (userinfo == ":") {
    add_mistake(mistakes, "password", "is empty",
                "':password@', or no ':@' where no password is needed");
    return std::nullopt;
  }
  if (userinfo.find('@') != std::string_view::npos) {
    add_mistake(mistakes, "password", "holds an '@' that is not encoded", "'%40' for an '@'");
    return std::nullopt;
  }
  const auto username = decoded_part("user", userinfo.substr(0, colon), mistakes);
  const auto password = decoded_part("password", userinfo.substr(colon + 1), mistakes);
  return username && password ? std::optional(Credentials{*username, *password}) : std::nullopt;
}

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  // inet_pton would ignore the text after a NUL.
  return text.find('\0') == std::string::npos && ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// "::1", or "fe80::1%25eth0" with its zone (RFC 6874).
std::optional<std::string> parse_ipv6(std::string_view bracketed) {
  const auto host = percent_decoded(bracketed);
  if (!host) {
    return std::nullopt;
  }
  const auto percent = host->find('%');
  const auto zone = percent == std::string::npos ? "0" : host->substr(percent + 1);
  const bool is_zone = !zone.empty() && std::all_of(zone.begin(), zone.end(), is_name_character);
  return is_zone && is_ipv6(host->substr(0, percent)) ? host : std::nullopt;
}

bool is_host_name(const std::string& text) {
  if (text.size() > max_host_bytes || !std::all_of(text.begin(), text.end(), is_name_character)) {
    return false;
  }
  const bool looks_like_ipv4 =
      std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
  in_addr address{};
  return !looks_like_ipv4 || ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

void parse_port(std::string_view text, RedisUrl& url, Mistakes& mistakes) {
  if (const auto port = number_in<std::uint16_t>(text, 1)) {
    url.port = *port;
  } else {
    add_mistake(mistakes, "port", number_problem(text, 5), "1 to 65535");
  }
}

void parse_bracketed_host(std::string_view text, RedisUrl& url, Mistakes& mistakes) {
  const auto closing = text.find(']');
  const auto host = parse_ipv6(text.substr(1, closing == std::string_view::npos ? 0 : closing - 1));
  const auto rest = closing == std::string_view::npos ? "" : text.substr(closing + 1);
  if (!host || (!rest.empty() && rest.front() != ':')) {
    add_mistake(mistakes, "host", "is not an IPv6 address in brackets",
                "for example [::1] or [::1]:6379");
    return;
  }
  url.host = *host;
  if (!rest.empty()) {
    parse_port(rest.substr(1), url, mistakes);
  }
}

void parse_host_and_port(std::string_view text, RedisUrl& url, Mistakes& mistakes) {
  if (text.starts_with('[')) {
    parse_bracketed_host(text, url, mistakes);
    return;
  }
  const auto colon = text.find(':');
  if (colon != text.rfind(':')) {
    add_mistake(mistakes, "host", "has more than one ':'",
                "an IPv6 address in brackets, as in [::1]:6379");
    return;
  }
  url.host = text.substr(0, colon);
  if (url.host.empty()) {
    add_mistake(mistakes, "host", "is missing",
                "a name, an IPv4 address, or an IPv6 address in brackets");
  } else if (!is_host_name(url.host)) {
    add_mistake(mistakes, "host", "is neither a name nor an address",
                "letters, digits, '.', '-' and '_'; an IPv4 address in full; [::1]");
  }
  if (colon != std::string_view::npos) {
    parse_port(text.substr(colon + 1), url, mistakes);
  }
}

void parse_database(std::string_view text, RedisUrl& url, Mistakes& mistakes) {
  if (const auto database = number_in<int>(text, 0)) {
    url.database = *database;
  } else {
    add_mistake(mistakes, "database", number_problem(text, 10),
                "0 to " + std::to_string(std::numeric_limits<int>::max()));
  }
}

void parse_socket_path(std::string_view text, RedisUrl& url, Mistakes& mistakes) {
  const auto path = decoded_part("path", text, mistakes);
  if (!path) {
    return;
  }
  if (path->empty() || path->back() == '/') {
    add_mistake(mistakes, "path", "names no socket", "unix:///path/to/socket");
  } else if (path->size() > max_socket_path_bytes) {
    add_mistake(mistakes, "path", "has " + std::to_string(path->size()) + " bytes",
                "up to " + std::to_string(max_socket_path_bytes) + " bytes, the system's limit");
  }
  url.unix_socket = *path;
}

// After a host only a database may follow. So an '@' there belongs to a password that contains a
// '/', a '?' or a '#', and the URL was split in the wrong places.
bool is_cut_by_password(const UrlParts& parts) {
  const auto has_at = [](const std::optional<std::string_view>& text) {
    return text && text->find('@') != std::string_view::npos;
  };
  return has_at(parts.path) || has_at(parts.query) || has_at(parts.fragment);
}

}  // namespace

StoreUrl parse_redis_url(const UrlParts& parts, Mistakes& mistakes) {
  RedisUrl url;
  url.tls = parts.scheme == "rediss";
  if (is_cut_by_password(parts)) {
    add_mistake(mistakes, "password",
                "holds a '/', '?' or '#' that is not encoded, or an '@' is misplaced",
                "'%2F', '%3F' and '%23' for those, '%40' for an '@'");
    return url;
  }
  refuse_query(parts, mistakes);
  refuse_fragment(parts, mistakes);
  if (!parts.authority) {
    add_mistake(mistakes, "host", "is missing", parts.scheme + "://host[:port][/database]");
    return url;
  }
  const auto at = parts.authority->rfind('@');
  if (at == std::string_view::npos) {
    parse_host_and_port(*parts.authority, url, mistakes);
  } else {
    url.credentials = parse_credentials(parts.authority->substr(0, at), mistakes);
    parse_host_and_port(parts.authority->substr(at + 1), url, mistakes);
  }
  if (parts.path.size() > 1) {
    parse_database(parts.path.substr(1), url, mistakes);
  }
  return url;
}

StoreUrl parse_unix_url(const UrlParts& parts, Mistakes& mistakes) {
  RedisUrl url;
  refuse_fragment(parts, mistakes);
  if (!parts.authority || !parts.authority->empty()) {
    add_mistake(mistakes, "path", "is not absolute, or does not stand behind three slashes",
                "unix:///path/to/socket; credentials come from a file or a variable");
  } else {
    parse_socket_path(parts.path, url, mistakes);
  }
  if (parts.query && !parts.query->starts_with("db=")) {
    add_mistake(mistakes, "query", "is not 'db=' and a number", "'?db=N'; '%3F' for a '?'");
  } else if (parts.query) {
    parse_database(parts.query->substr(3), url, mistakes);
  }
  return url;
}

}  // namespace exclusive_lock
