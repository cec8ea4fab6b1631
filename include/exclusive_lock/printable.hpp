#pragma once
// Escapes untrusted text for a terminal (G11).

#include <string>
#include <string_view>

#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

// Writes control characters (C0, DEL, C1), Unicode marks that change the direction or hide text,
// line and paragraph separators, and bytes that are not UTF-8 as \n, \t, \r, \xHH or \u{HHHH}.
// Doubles each backslash, so that the result is unambiguous. Leaves everything else as it is. Cuts
// text after `max_bytes` and adds "..." and the full size.
EXCLUSIVE_LOCK_API std::string printable(std::string_view untrusted, std::size_t max_bytes = 4096);

}  // namespace exclusive_lock
