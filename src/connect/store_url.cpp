#include "connect/store_url.hpp"

#include <algorithm>
#include <utility>

#include "connect/server_url.hpp"
#include "connect/store_scheme.hpp"
#include "connect/url_mistakes.hpp"
#include "connect/url_parts.hpp"

namespace exclusive_lock {
namespace {

// After a symbolic link, ".." is not the parent that the path shows.
void refuse_parent_parts(const std::filesystem::path& directory, std::vector<Mistake>& mistakes) {
  if (std::find(directory.begin(), directory.end(), "..") != directory.end()) {
    add_mistake(mistakes, "path", "has a '..' part",
                "the path without it, as `realpath` prints it");
  }
}

StoreUrl parse_local(const UrlParts& parts, std::vector<Mistake>& mistakes) {
  constexpr std::string_view allowed = "local: or local:///absolute/directory";
  LocalUrl url;
  refuse_query(parts, mistakes);
  refuse_fragment(parts, mistakes);
  if (parts.authority && !parts.authority->empty()) {
    add_mistake(mistakes, "host", "is not taken: this store is on this machine",
                std::string(allowed));
  } else if (parts.authority ? parts.path.empty() : !parts.path.empty()) {
    add_mistake(mistakes, "path", "is not an absolute directory behind three slashes",
                std::string(allowed));
  } else if (const auto path = decoded_part("path", parts.path, mistakes)) {
    url.directory = *path;
    refuse_parent_parts(url.directory, mistakes);
  }
  return url;
}

StoreUrl parse_memory(const UrlParts& parts, std::vector<Mistake>& mistakes) {
  if (parts.authority || !parts.path.empty() || parts.query || parts.fragment) {
    add_mistake(mistakes, "path", "is not taken by memory:", "memory: with nothing behind it");
  }
  return MemoryUrl{};
}

std::string all_schemes() {
  std::string text;
  for (const auto scheme : store_schemes) {
    text += (text.empty() ? "" : ", ") + std::string(scheme) + ":";
  }
  return text;
}

Mistake unknown_scheme(const std::string& name) {
  constexpr std::size_t max_shown = 16;
  if (name.empty()) {
    return {"store URL: scheme", "is missing", all_schemes()};
  }
  if (name.size() > max_shown) {
    return {"store URL: scheme", "is unknown", all_schemes()};
  }
  const auto nearest = nearest_store_scheme(name);
  return {"store URL: scheme",
          "is unknown: " + name + ":" +
              (nearest ? " (did you mean " + std::string(*nearest) + ":?)" : ""),
          all_schemes()};
}

std::optional<StoreUrl> parse_parts(const UrlParts& parts, std::vector<Mistake>& mistakes) {
  if (parts.scheme == "local") {
    return parse_local(parts, mistakes);
  }
  if (parts.scheme == "memory") {
    return parse_memory(parts, mistakes);
  }
  if (parts.scheme == "redis" || parts.scheme == "rediss") {
    return parse_redis_url(parts, mistakes);
  }
  if (parts.scheme == "unix") {
    return parse_unix_url(parts, mistakes);
  }
  mistakes.push_back(unknown_scheme(parts.scheme));
  return std::nullopt;
}

std::string text_of(const RedisUrl& url) {
  const std::string database = std::to_string(url.database);
  if (!url.unix_socket.empty()) {
    return "unix://" + percent_encoded_path(url.unix_socket.native()) +
           (url.database == 0 ? "" : "?db=" + database);
  }
  std::string host = url.host;
  if (host.find(':') != std::string::npos) {
    if (const auto percent = host.find('%'); percent != std::string::npos) {
      host.replace(percent, 1, "%25");
    }
    host = "[" + host + "]";
  }
  return (url.tls ? "rediss://" : "redis://") + host +
         (url.port == redis_port ? "" : ":" + std::to_string(url.port)) +
         (url.database == 0 ? "" : "/" + database);
}

std::optional<Mistake> mistake_in_whole(std::string_view text) {
  if (text.empty()) {
    return Mistake{"store URL", "is empty", all_schemes()};
  }
  if (text.size() > max_url_bytes) {
    return Mistake{"store URL", "has " + std::to_string(text.size()) + " bytes",
                   "up to " + std::to_string(max_url_bytes) + " bytes"};
  }
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7F;
  };
  if (std::any_of(text.begin(), text.end(), is_control)) {
    return Mistake{"store URL", "holds a control character, such as a line break",
                   "percent-encoding, as in '%0A' for a line break"};
  }
  return std::nullopt;
}

}  // namespace

ParsedStoreUrl parse_store_url(std::string_view text) {
  if (auto mistake = mistake_in_whole(text)) {
    return {std::nullopt, {std::move(*mistake)}};
  }
  const UrlParts parts = split_url(text);
  std::vector<Mistake> mistakes;
  std::optional<StoreUrl> url = parse_parts(parts, mistakes);
  return {std::move(url), std::move(mistakes)};
}

std::string text_without_credentials(const StoreUrl& url) {
  if (const auto* local = std::get_if<LocalUrl>(&url)) {
    const auto& directory = local->directory;
    return directory.empty() ? "local:" : "local://" + percent_encoded_path(directory.native());
  }
  const auto* redis = std::get_if<RedisUrl>(&url);
  return redis != nullptr ? text_of(*redis) : "memory:";
}

}  // namespace exclusive_lock
