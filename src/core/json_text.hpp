#pragma once
// JSON as text: checked, taken apart and quoted without ever being written anew, so that 1e400,
// 12345678901234567890123, -0.0 and members that occur twice come out as they went in.
//
// The reader is Boost.JSON's, without its number conversion. Nothing here allocates by what a text
// claims: nesting is bounded, members are counted before they are kept.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace exclusive_lock {

// Levels of arrays and objects. Boost.JSON's own default, so that whoever reads a text with it can.
inline constexpr std::size_t json_depth_limit = 32;

struct JsonFault {
  std::size_t position;  // bytes before it
  std::string problem;   // "syntax error"
};

// What keeps the text from being exactly one JSON value (RFC 8259), with white space around it at
// most; none: it is one. Lone surrogates (\ud800), which no UTF-8 text can hold, are faults too.
std::optional<JsonFault> json_fault(std::string_view text);

std::string_view without_outer_space(std::string_view json_text);

struct JsonMember {
  std::string name;
  std::string_view value;  // its text, part of the object's
};

// The members of an object in their order; none where the text is not a JSON object, has more than
// `most` members, or is nested deeper than json_depth_limit below one of them.
std::optional<std::vector<JsonMember>> json_members(std::string_view object, std::size_t most);

// A JSON string of this UTF-8 text, and back; none where it is not a JSON string.
std::string quote_json(std::string_view utf8);
std::optional<std::string> unquote_json(std::string_view json_string);

}  // namespace exclusive_lock
