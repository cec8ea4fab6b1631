#include "connect/connection_plan.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace exclusive_lock {
namespace {

using Mistakes = std::vector<Mistake>;
using std::chrono::milliseconds;

constexpr milliseconds min_timeout{10};
constexpr milliseconds max_timeout = std::chrono::hours(1);
constexpr std::string_view default_client_name = "exclusive-lock";
constexpr std::size_t max_client_name_bytes = 128;

void check_timeout(std::string_view field, milliseconds timeout, Mistakes& mistakes) {
  if (timeout < min_timeout || timeout > max_timeout) {
    mistakes.push_back(
        {std::string(field), "is " + std::to_string(timeout.count()) + " ms", "10 ms to 1 hour"});
  }
}

// CLIENT SETNAME allows no spaces, line breaks or other special characters.
void check_client_name(const std::string& name, Mistakes& mistakes) {
  const bool is_plain =
      std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!is_plain || name.size() > max_client_name_bytes) {
    mistakes.push_back({"client_name",
                        is_plain ? "has " + std::to_string(name.size()) + " bytes"
                                 : "holds a space or a character that is not printable ASCII",
                        "up to 128 bytes of printable ASCII without spaces"});
  }
}

// A store on a server allows at most one source of credentials.
void check_sources(const RedisUrl& url, const ConnectOptions& options, Mistakes& mistakes) {
  const int sources = int{url.credentials.has_value()} + int{!options.credentials_file.empty()} +
                      int{!options.credentials_variable.empty()};
  if (sources > 1) {
    mistakes.push_back({"credentials", "come from " + std::to_string(sources) + " sources",
                        "one of: the store URL, credentials_file, credentials_variable"});
  }
}

// Reads the credentials from their source, if there is one.
void take_credentials(RedisUrl& url, const ConnectOptions& options, const Environment& environment,
                      Mistakes& mistakes) {
  if (!options.credentials_file.empty()) {
    url.credentials = credentials_in_file(options.credentials_file, mistakes);
  } else if (!options.credentials_variable.empty()) {
    url.credentials = credentials_in_variable(options.credentials_variable, environment, mistakes);
  }
}

void refuse_credentials(const ConnectOptions& options, Mistakes& mistakes) {
  for (const auto& [field, is_given] :
       {std::pair("credentials_file", !options.credentials_file.empty()),
        std::pair("credentials_variable", !options.credentials_variable.empty())}) {
    if (is_given) {
      mistakes.push_back({field, "is given, but this store asks for no password",
                          "redis:, rediss: and unix: only"});
    }
  }
}

void check_ca_file(const StoreUrl& url, const ConnectOptions& options, Mistakes& mistakes) {
  const auto* server = std::get_if<RedisUrl>(&url);
  const bool is_tls = server != nullptr && server->tls;
  if (!options.ca_file.empty() && !is_tls) {
    mistakes.push_back(
        {"ca_file", "is given, but this connection is not encrypted", "rediss: only"});
  }
}

ParsedStoreUrl check(std::string_view url, const ConnectOptions& options) {
  ParsedStoreUrl parsed = parse_store_url(url);
  Mistakes& mistakes = parsed.mistakes;
  check_timeout("connect_timeout", options.connect_timeout, mistakes);
  check_timeout("command_timeout", options.command_timeout, mistakes);
  check_client_name(options.client_name, mistakes);
  if (parsed.url) {
    check_ca_file(*parsed.url, options, mistakes);
    if (const auto* server = std::get_if<RedisUrl>(&*parsed.url)) {
      check_sources(*server, options, mistakes);
    } else {
      refuse_credentials(options, mistakes);
    }
  }
  return parsed;
}

}  // namespace

std::vector<Mistake> mistakes_in_connection(std::string_view url, const ConnectOptions& options) {
  return check(url, options).mistakes;
}

ConnectionPlan plan_connection(std::string_view url, const ConnectOptions& options,
                               const Environment& environment) {
  ParsedStoreUrl parsed = check(url, options);
  auto* const server = parsed.url ? std::get_if<RedisUrl>(&*parsed.url) : nullptr;
  const bool has_one_source = std::ranges::none_of(
      parsed.mistakes, [](const Mistake& one) { return one.field == "credentials"; });
  if (server != nullptr && has_one_source) {
    take_credentials(*server, options, environment, parsed.mistakes);
  }
  if (!parsed.mistakes.empty()) {
    throw ValidationError(std::move(parsed.mistakes));
  }
  return {std::move(*parsed.url),
          options.client_name.empty() ? std::string(default_client_name) : options.client_name};
}

}  // namespace exclusive_lock
