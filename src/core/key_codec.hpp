#pragma once
// Names and keys.
//
// "<prefix>:<encoded name>"; letters, digits, '_', '-' and '.' stay, every other byte becomes %XX
// (upper case hex). Injective: two names never share a key (G10). The original's spelling is
// seed_key() (options.hpp).
//
// Side keys must lie in the record key's own cluster slot, also for keys given by hand that hold
// braces. A cluster hashes what stands between the first '{' and the first '}' after it, if that is
// not empty.

#include <optional>
#include <string>
#include <string_view>

namespace exclusive_lock {

std::string encode_name(std::string_view name);
// none where the text is not what encode_name writes.
std::optional<std::string> decode_name(std::string_view encoded);

std::string record_key(std::string_view key_prefix, std::string_view name);
// The name behind a key; none where the key is not "<prefix>:<encoded name>".
std::optional<std::string> name_of_key(std::string_view key_prefix, std::string_view key);

// "{K}:fence"; for a key with a non-empty tag of its own "K:fence". Injective. None, and so refused
// by Options,
// - where no side key can be in K's slot: a '}' without such a tag ("a}b"), an empty tag ("{}x");
// - for a key that is nothing but a tag: the side keys of "{job}" would be those of "job".
std::optional<std::string> fence_key(std::string_view key);
// The queue of those that wait, beside it in the same way, for the same keys.
std::optional<std::string> queue_key(std::string_view key);
std::optional<std::string> waiters_key(std::string_view key);
// The mark of the last work that was done (docs/decisions/0020-once-per-period.md).
std::optional<std::string> done_key(std::string_view key);
// The key whose mark that is; none: it is no done_key(), or that of a key with a tag of its own.
std::optional<std::string> key_of_done_key(std::string_view done_key);
// True for what these four give: list()
// leaves them out, and Options refuses them as a `key`. No record_key is one, as it holds no brace.
bool is_side_key(std::string_view key);

}  // namespace exclusive_lock
