// Names and keys.
//
// - A name's key gives the name back, and no two names or prefixes share a key (G10).
// - What decode_name() takes is exactly what encode_name() writes.
// - No two keys share their key of fences, of the queue or of the waiters; each is a side key,
// never
//   the key of a lock, and lies in the slot of its lock's key, as a cluster would have it.
//
// Input: a name, another one, a key and a prefix, each up to a NUL.

#include "core/key_codec.hpp"

#include <vector>

#include "core/options_check.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

// What a cluster hashes of a key: Redis Cluster specification, "Hash tags", as its C code says it.
std::string_view hashed_part(std::string_view key) {
  std::size_t opening = 0;
  while (opening < key.size() && key[opening] != '{') {
    ++opening;
  }
  if (opening == key.size()) {
    return key;
  }
  std::size_t closing = opening + 1;
  while (closing < key.size() && key[closing] != '}') {
    ++closing;
  }
  if (closing == key.size() || closing == opening + 1) {
    return key;
  }
  return key.substr(opening + 1, closing - opening - 1);
}

void check_name(const std::string& name) {
  const std::string encoded = encode_name(name);
  require(encoded.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789_-.%") == std::string::npos,
          "an encoded name is plain", encoded);
  require(decode_name(encoded) == name, "an encoded name is decoded again", encoded);
  if (const auto decoded = decode_name(name)) {
    require(encode_name(*decoded) == name, "only one spelling is decoded", name);
  }
  require_fit(seed_key(name), "the original's key");
}

void check_record_key(const std::string& prefix, const std::string& name) {
  if (name.empty() || !mistakes_in_key_prefix(prefix).empty()) {
    return;
  }
  const std::string key = record_key(prefix, name);
  require(name_of_key(prefix, key) == name, "a key gives its name back", key);
  require(!is_side_key(key), "the key of a name is no side key", key);
  require(fence_key(key).has_value(), "the key of a name has a key for its fences", key);
}

// Keys that could be mistaken for one another, or for the side keys of one another.
std::vector<std::string> relatives(const std::string& key) {
  return {key,         "{" + key + "}", "{" + key + "}:fence", key + ":fence",   "{" + key,
          key + "}",   key + "{}",      key + ":queue",        key + ":waiters", "{}" + key,
          key + "{a}", "{a}" + key};
}

void check_side_keys(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    for (const auto side_key : {fence_key, queue_key, waiters_key}) {
      const auto side = side_key(key);
      require(side.has_value() == fence_key(key).has_value(), "a key has all side keys", key);
      if (!side) {
        continue;
      }
      require(is_side_key(*side), "what is beside a lock's key is a side key", *side);
      require(hashed_part(*side) == hashed_part(key), "a side key is in its lock's slot", *side);
      for (const std::string& other : keys) {
        require(key == other || side_key(other) != side, "no two keys share a side key", *side);
      }
    }
  }
}

}  // namespace

void check_names(Bytes bytes) {
  Input input(bytes);
  const std::string name = input.text();
  const std::string other = input.text();
  const std::string key = input.text();
  const std::string prefix = input.text();
  check_name(name);
  check_name(other);
  check_name(std::string(bytes.begin(), bytes.end()));
  require(name == other || encode_name(name) != encode_name(other), "two names have two keys",
          name);
  require((prefix == key && name == other) || !mistakes_in_key_prefix(prefix).empty() ||
              !mistakes_in_key_prefix(key).empty() ||
              record_key(prefix, name) != record_key(key, other),
          "two prefixes have two keys", prefix);
  check_record_key(prefix, name);
  check_record_key("exclusive-lock", other);
  if (const auto found = name_of_key(prefix, key)) {
    require(record_key(prefix, *found) == key, "a key is that of the name behind it", key);
  }
  std::vector<std::string> keys = relatives(key);
  for (const std::string& one : {name, other}) {
    if (one != key) {
      keys.push_back(one);
    }
  }
  check_side_keys(keys);
}

}  // namespace exclusive_lock::fuzz
