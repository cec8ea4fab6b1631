#pragma once
// Records in words, for people. Everything in a record came from elsewhere and is made printable
// here.

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/terminal.hpp"
#include "exclusive_lock/record.hpp"

namespace exclusive_lock::cli {

using WallTime = std::chrono::system_clock::time_point;

// "2026-01-31T12:00:00.250Z"
std::string utc_text(WallTime instant);

// "alice on host-7, process 4711, make (nightly)", with what of it is known; for records that are
// not ours, what they are.
std::string holder_text(const LockRecord& record);
std::string holder_text(const LastDone& done);
// The first of these with ", for 12 s".
std::string holder_and_age_text(const LockRecord& record, WallTime now);

// Several lines, for one lock.
std::string inspect_text(const LockRecord& record, WallTime now, const Terminal& terminal);
// One of these lines: "  title     value".
std::string row(std::string_view title, std::string_view value);
// What was done last under a lock, in one line of inspect_text().
std::string last_done_text(const LastDone& done);
// A table with a head, one line per lock; cut to the width of a terminal, and not cut elsewhere.
std::string list_text(const std::vector<LockRecord>& records, WallTime now,
                      const Terminal& terminal);

}  // namespace exclusive_lock::cli
