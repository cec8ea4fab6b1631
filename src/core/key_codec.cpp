#include "core/key_codec.hpp"

#include <algorithm>
#include <array>

namespace exclusive_lock {
namespace {

constexpr std::string_view upper_hex = "0123456789ABCDEF";

constexpr std::array<std::string_view, 4> side_suffixes{fence_suffix, queue_suffix, waiters_suffix,
                                                        done_suffix};

bool stays(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

// The byte of the "%XX" at the beginning. None: the text begins otherwise, or the byte would not
// have been encoded.
std::optional<char> encoded_byte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') {
    return std::nullopt;
  }
  const auto high = upper_hex.find(text[1]);
  const auto low = upper_hex.find(text[2]);
  if (high == std::string_view::npos || low == std::string_view::npos) {
    return std::nullopt;
  }
  const char byte = static_cast<char>(high * 16 + low);
  return stays(byte) ? std::nullopt : std::optional(byte);
}

// The part of a key that a cluster hashes (Redis Cluster specification, "Hash tags"). None: it
// hashes the whole key.
struct HashTag {
  std::size_t opening;
  std::size_t closing;
};

std::optional<HashTag> hash_tag(std::string_view key) {
  const auto opening = key.find('{');
  const auto closing = opening == std::string_view::npos ? opening : key.find('}', opening);
  if (closing == std::string_view::npos || closing == opening + 1) {
    return std::nullopt;
  }
  return HashTag{opening, closing};
}

}  // namespace

std::string encode_name(std::string_view name) {
  std::string encoded;
  encoded.reserve(name.size());
  for (const char c : name) {
    if (stays(c)) {
      encoded += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      encoded += '%';
      encoded += upper_hex[byte >> 4U];
      encoded += upper_hex[byte & 0xFU];
    }
  }
  return encoded;
}

std::optional<std::string> decode_name(std::string_view encoded) {
  std::string name;
  name.reserve(encoded.size());
  while (!encoded.empty()) {
    if (stays(encoded.front())) {
      name += encoded.front();
      encoded.remove_prefix(1);
    } else if (const auto byte = encoded_byte(encoded)) {
      name += *byte;
      encoded.remove_prefix(3);
    } else {
      return std::nullopt;
    }
  }
  return name;
}

std::string record_key(std::string_view key_prefix, std::string_view name) {
  return std::string(key_prefix) + ":" + encode_name(name);
}

std::optional<std::string> name_of_key(std::string_view key_prefix, std::string_view key) {
  if (!key.starts_with(key_prefix)) {
    return std::nullopt;
  }
  key.remove_prefix(key_prefix.size());
  if (key.size() < 2 || key.front() != ':') {
    return std::nullopt;  // Options refuses an empty name
  }
  return decode_name(key.substr(1));
}

std::optional<AroundKey> around_side_keys(std::string_view key) {
  if (const auto tag = hash_tag(key)) {
    const bool is_tag_only = tag->opening == 0 && tag->closing + 1 == key.size();
    return is_tag_only ? std::nullopt : std::optional(AroundKey{"", ""});
  }
  if (key.empty() || key.find('}') != std::string_view::npos) {
    return std::nullopt;
  }
  return AroundKey{"{", "}"};
}

namespace {

// "{K}<suffix>", or "K<suffix>" for a key with a tag of its own.
std::optional<std::string> side_key(std::string_view key, std::string_view suffix) {
  const auto around = around_side_keys(key);
  if (!around) {
    return std::nullopt;
  }
  return std::string(around->before).append(key).append(around->behind).append(suffix);
}

}  // namespace

std::optional<std::string> fence_key(std::string_view key) { return side_key(key, fence_suffix); }
std::optional<std::string> queue_key(std::string_view key) { return side_key(key, queue_suffix); }
std::optional<std::string> waiters_key(std::string_view key) {
  return side_key(key, waiters_suffix);
}
std::optional<std::string> done_key(std::string_view key) { return side_key(key, done_suffix); }

std::optional<std::string> key_of_done_key(std::string_view done_key) {
  constexpr std::string_view ending = "}:done";
  if (!done_key.starts_with('{') || !done_key.ends_with(ending)) {
    return std::nullopt;
  }
  const std::string_view key = done_key.substr(1, done_key.size() - 1 - ending.size());
  return side_key(key, done_suffix) == done_key ? std::optional<std::string>(key) : std::nullopt;
}

bool is_side_key(std::string_view key) {
  return std::any_of(side_suffixes.begin(), side_suffixes.end(), [key](std::string_view suffix) {
    return key.ends_with(suffix) && hash_tag(key.substr(0, key.size() - suffix.size()));
  });
}

}  // namespace exclusive_lock
