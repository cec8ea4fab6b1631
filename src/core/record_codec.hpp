#pragma once
// The record: the string value in the store by which a lock is held.
//
//   head, written by the store:   {"owner":"<32 hex>-<16 hex>","fence":N,"since_us":N
//   tail, written by the client:  ,"version":1,"ttl_ms":N,"host":"h","pid":N,"label":"l",
//                                 "contents":<JSON>}                      (no line break there)
//
// "user", "program" and "command" are between "label" and "contents" if they are set.
//
// The owner comes first and has a fixed length, so that a store can check ownership by comparing
// the first record_owner_end bytes, however large the contents are. A value that begins otherwise
// belongs to a stranger, one with a higher version to a newer library. Both count as held and are
// never changed.

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

// Converts an owner to "<32 hex>-<16 hex>" in lower case, and back. None: another text.
std::string owner_text(const Owner& owner);
std::optional<Owner> parse_owner(std::string_view text);

// The part that the client writes: from the comma before "version" to the last brace. host and
// label may be any bytes; those that are not UTF-8 become U+FFFD.
struct RecordTail {
  Milliseconds ttl;
  std::string host;
  std::int64_t pid;
  std::string label;
  std::string contents_text;  // JSON, checked by Contents
  // Left out if empty. Any bytes, like host and label.
  std::string user{};
  std::string program{};
  std::string command{};
};
std::string encode_record_tail(const RecordTail& tail);

// Adds the head, which the store writes. `since_us` is the store's wall clock. acquire.lua does the
// same; a conformance test compares the two byte by byte.
std::string encode_record(const Owner& owner, Fence fence, std::int64_t since_us,
                          std::string_view tail);

// The owner of a record of this library, read from its first record_owner_end bytes; more may
// follow. None: a stranger's record.
std::optional<Owner> record_owner(std::string_view value_or_head);
// The fence of a record of this library. None: a stranger's record or a damaged one.
std::optional<Fence> record_fence(std::string_view value_or_head);

// Reads a stored value. Sets all fields but name, key and remaining_ttl. Never fails: a value that
// this library did not write, or that is damaged, is a stranger's record, with contents if it is
// JSON. In a newer record, all fields that can be read are set. Contents keep every byte of their
// text.
LockRecord decode_record(std::string_view value);

// Reads a waiter from the beginning of its record tail, which may be cut at any byte.
LockWaiter decode_waiter(const StoredWaiter& waiter);

}  // namespace exclusive_lock
