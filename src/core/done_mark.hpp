#pragma once
// The mark that a release leaves beside a lock: that the work under it was done, when, and by whom
// (docs/decisions/0020-once-per-period.md).
//
//   {"ended_us":N,"owner":"<32 hex>-<16 hex>","fence":N,"since_us":N,...,"label":"l"}
//
// It is the record without its contents. Both times are of the store's wall clock.

#include <optional>
#include <string>
#include <string_view>

#include "core/protocol.hpp"
#include "exclusive_lock/record.hpp"

namespace exclusive_lock {

// So much of a record is looked at: enough for all that stands before the contents.
inline constexpr std::size_t max_mark_source = waiter_tail_head_size + 256;

// Of the record that is released; release.lua does the same. A record that somebody has damaged
// gives a mark that cannot be read.
std::string encode_done_mark(std::string_view record, StoreTime ended_at);

// None: what is there is no mark, and so nothing was done. Sets everything but the name.
std::optional<LastDone> decode_done_mark(const StoredMark& mark);

// The record of a lock that stays closed: the same, with closed_ticket. `record` is one of ours.
std::string closed_record(std::string record);

}  // namespace exclusive_lock
