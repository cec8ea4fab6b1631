#pragma once
// Text that came from elsewhere, made fit for a terminal (G11).

#include <string>
#include <string_view>

#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

// Control characters (C0, DEL, C1), the Unicode marks that change direction or hide text, line and
// paragraph separators, and bytes that are not UTF-8 come out as \n, \t, \r, \xHH or \u{HHHH}; a
// backslash is doubled so that the result is unambiguous. Everything else stays. More than
// `most_bytes` are cut, with "..." and the full size.
EXCLUSIVE_LOCK_API std::string printable(std::string_view untrusted, std::size_t most_bytes = 4096);

}  // namespace exclusive_lock
