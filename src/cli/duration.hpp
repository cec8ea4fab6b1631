#pragma once
// Durations as people type and read them: "500ms", "2s", "1.5s", "10m", "1h", "7d", "1h30m".
//
// A unit is required, because "10" means seconds to one program and milliseconds to another. A
// fraction must be a whole number of milliseconds; nothing is rounded.

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

namespace exclusive_lock::cli {

using Milliseconds = std::chrono::milliseconds;

struct DurationProblem {
  std::string text;  // "10x" has the unknown unit "x"; ..."
};

// From 0 ms to ten years, so that a sum with a clock's reading cannot overflow.
std::variant<Milliseconds, DurationProblem> parse_duration(std::string_view text);

// At most two units: "250 ms", "3 s", "1.5 s", "2 min 5 s", "3 h", "7 d 2 h". Negative durations
// count as 0.
std::string duration_text(Milliseconds duration);

}  // namespace exclusive_lock::cli
