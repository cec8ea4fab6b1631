#pragma once
// The mark that a release writes beside a lock: it says that the work under the lock was done,
// when, and by whom (docs/decisions/0020-once-per-period.md).
//
//   {"ended_us":N,"owner":"<32 hex>-<16 hex>","fence":N,"since_us":N,...,"label":"l"}
//
// It is the record without its contents. Both times are read from the store's wall clock.

#include <optional>
#include <string>
#include <string_view>

#include "core/protocol.hpp"
#include "exclusive_lock/record.hpp"

namespace exclusive_lock {

// The bytes of a record that are read for a mark: enough for everything before the contents.
inline constexpr std::size_t max_mark_source = waiter_tail_head_size + 256;

// The mark for a released record; release.lua does the same. A damaged record gives a mark that
// cannot be read.
std::string encode_done_mark(std::string_view record, StoreTime ended_at);

// Sets all fields but the name. None: this is no mark, so no work was recorded.
std::optional<LastDone> decode_done_mark(const StoredMark& mark);

// The record of a lock that stays closed: `record`, which has kind `ours`, with closed_ticket.
std::string closed_record(std::string record);

}  // namespace exclusive_lock
