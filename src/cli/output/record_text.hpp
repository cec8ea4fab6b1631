#pragma once
// Records as text for people. Everything in a record comes from elsewhere and is made printable
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

// "alice on host-7, process 4711, make (nightly)", as far as it is known. For records of other
// programs or newer versions, a description of the kind.
std::string holder_text(const LockRecord& record);
std::string holder_text(const LastDone& done);
// holder_text(record) with ", for 12 s".
std::string holder_and_age_text(const LockRecord& record, WallTime now);

// One lock, in several lines.
std::string inspect_text(const LockRecord& record, WallTime now, const Terminal& terminal);
// One line of inspect_text(): "  title     value".
std::string row(std::string_view title, std::string_view value);
// The last recorded run, as one line of inspect_text().
std::string last_done_text(const LastDone& done);
// A table with a heading and one line per lock. On a terminal, lines are cut to its width.
std::string list_text(const std::vector<LockRecord>& records, WallTime now,
                      const Terminal& terminal);

}  // namespace exclusive_lock::cli
