#pragma once
// Converts names of locks to keys of the store, and back.
//
// A record key is "<prefix>:<encoded name>". Letters, digits, '_', '-' and '.' stay; every other
// byte becomes %XX (upper case hex). The encoding is injective: two names never share a key (G10).
// The key of the original package is seed_key() (options.hpp).
//
// A side key must be in the cluster slot of its record key, also for an Options::key with braces. A
// cluster hashes the text between the first '{' and the first '}' after it, unless that is empty.

#include <optional>
#include <string>
#include <string_view>

namespace exclusive_lock {

std::string encode_name(std::string_view name);
// None: encode_name() does not write this text.
std::optional<std::string> decode_name(std::string_view encoded);

std::string record_key(std::string_view key_prefix, std::string_view name);
// The name of a record key. None: the key is not "<prefix>:<encoded name>".
std::optional<std::string> name_of_key(std::string_view key_prefix, std::string_view key);

// "{K}:fence", or "K:fence" for a key that has a non-empty tag. Injective. None, so that Options
// refuses the key:
// - no side key can be in K's slot: a '}' without such a tag ("a}b"), an empty tag ("{}x");
// - the key is only a tag: the side keys of "{job}" would be those of "job".
std::optional<std::string> fence_key(std::string_view key);
// The side keys of the queue, formed in the same way and for the same keys.
std::optional<std::string> queue_key(std::string_view key);
std::optional<std::string> waiters_key(std::string_view key);
// The side key of the mark (done_mark.hpp).
std::optional<std::string> done_key(std::string_view key);
// The texts before and behind K in its side keys, without the suffix. None: K has no side keys.
struct AroundKey {
  std::string_view before;
  std::string_view behind;
};
std::optional<AroundKey> around_side_keys(std::string_view key);
inline constexpr std::string_view fence_suffix = ":fence";
inline constexpr std::string_view queue_suffix = ":queue";
inline constexpr std::string_view waiters_suffix = ":waiters";
inline constexpr std::string_view done_suffix = ":done";
// The record key of a done_key(). None: it is none, or its record key has a tag.
std::optional<std::string> key_of_done_key(std::string_view done_key);
// True for the results of these four functions. list() leaves such keys out, and Options refuses
// them as `key`. A record_key() is never one: it has no brace.
bool is_side_key(std::string_view key);

}  // namespace exclusive_lock
