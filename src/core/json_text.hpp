#pragma once
// Checks, splits and quotes JSON text without serializing it again, so that 1e400,
// 12345678901234567890123, -0.0 and duplicate members are kept as they are.
//
// The parser is Boost.JSON's, without number conversion. Untrusted text cannot make it allocate
// much memory: nesting is limited, and members are counted before they are kept.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock {

// Levels of arrays and objects. The default of Boost.JSON, so that users of it can parse each text.
inline constexpr std::size_t json_depth_limit = 32;

struct JsonFault {
  std::size_t position;  // offset in bytes
  std::string problem;   // "syntax error"
};

// Why the text is not exactly one JSON value (RFC 8259) with optional white space around it. None:
// it is one. A lone surrogate (\ud800), which UTF-8 cannot encode, is a fault as well.
std::optional<JsonFault> json_fault(std::string_view text);

std::string_view without_outer_space(std::string_view json_text);

struct JsonMember {
  std::string name;
  std::string_view value;  // JSON text; points into the object's text
};

// The members of an object, in order. None: the text is no JSON object, has more than `max_members`
// members, or a member is nested deeper than json_depth_limit.
std::optional<std::vector<JsonMember>> json_members(std::string_view object,
                                                    std::size_t max_members);

// Converts UTF-8 text to a JSON string and back. None: it is not a JSON string.
std::string quote_json(std::string_view utf8);
std::optional<std::string> unquote_json(std::string_view json_string);

}  // namespace exclusive_lock
