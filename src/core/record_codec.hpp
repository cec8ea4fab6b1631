#pragma once
// The record: the one string value by which a lock is held.
//
//   head, written by the store:   {"owner":"<32 hex>-<16 hex>","fence":N,"since_us":N
//   tail, written by the client:  ,"version":1,"ttl_ms":N,"host":"h","pid":N,"label":"l",
//                                 "contents":<JSON>}                      (no line break there)
//
// Where they are known, "user", "program" and "command" stand between "label" and "contents".
//
// The owner comes first and has fixed length, so that a store tells ownership by comparing the
// first record_owner_end bytes, however large the contents are. A value that does not begin like
// this belongs to a stranger, one with another version to a newer library: both count as held, and
// are never changed.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/protocol.hpp"
#include "exclusive_lock/record.hpp"

namespace exclusive_lock {

inline constexpr std::string_view record_opening = R"({"owner":")";
inline constexpr std::size_t owner_text_size = 32 + 1 + 16;
inline constexpr std::size_t record_owner_end = record_opening.size() + owner_text_size;
inline constexpr int record_version = 1;

// "<32 hex>-<16 hex>", lower case, and back; none where the text is not exactly that.
std::string owner_text(const Owner& owner);
std::optional<Owner> parse_owner(std::string_view text);

// What the client adds: from the comma before "version" to the last brace. host and label may be
// any bytes; what is not UTF-8 becomes U+FFFD.
struct RecordTail {
  Milliseconds ttl;
  std::string host;
  std::int64_t pid;
  std::string label;
  std::string contents_text;  // JSON, checked by Contents
  // Left out where empty. Any bytes, as host and label.
  std::string user{};
  std::string program{};
  std::string command{};
};
std::string encode_record_tail(const RecordTail& tail);

// What the store puts in front of it. `since_us` is the store's wall clock. encode_record is what
// acquire.lua does too; a conformance test compares the two byte by byte.
std::string encode_record(const Owner& owner, Fence fence, std::int64_t since_us,
                          std::string_view tail);

// The owner of a record of ours, by its first record_owner_end bytes (more may be given); none: a
// stranger's.
std::optional<Owner> record_owner(std::string_view value_or_head);
// The fence of a record of ours; none: a stranger's or a broken one.
std::optional<Fence> record_fence(std::string_view value_or_head);

// Everything that can be read from a stored value. Never fails: what is not ours is a stranger's,
// with contents if it happens to be JSON. Sets everything but name, key and remaining_ttl. Contents
// keep every byte of their text. A record that begins like ours but is broken is a stranger's; of a
// newer one all is set that can be read.
LockRecord decode_record(std::string_view value);

// Who waits: from the beginning of a record tail, cut at any byte.
LockWaiter decode_waiter(const StoredWaiter& waiter);

}  // namespace exclusive_lock
