// JSON as text: contents.
//
// - Contents takes exactly what json_fault() has nothing to say about, and keeps it byte for byte.
// - Whatever is taken can be read by Boost.JSON, that is, by others, except for numbers beyond all
//   machines.
// - On one line it is still the same JSON, and fit for a terminal.
// - An object's members are JSON texts within it, and never more than asked for.
// - Any UTF-8 can be quoted, and comes back; other bytes are refused.
//
// Input: how many members are wanted, then the text.

#include "core/json_text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <string>

#include "cli/output/json.hpp"
#include "core/utf8.hpp"
#include "exclusive_lock/contents.hpp"
#include "exclusive_lock/error.hpp"
#include "targets.hpp"

namespace exclusive_lock::fuzz {
namespace {

// As text, for Boost.JSON takes 0e400 for a NaN, which does not equal itself.
std::optional<std::string> read_by_others(std::string_view text) {
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  return error ? std::nullopt : std::optional(boost::json::serialize(value));
}

std::optional<Contents> contents_of(std::string_view text) {
  try {
    return Contents::parse(text);
  } catch (const ValidationError& error) {
    for (const Mistake& mistake : error.mistakes()) {
      require_fit(mistake.problem, "what is wrong with contents");
    }
    return std::nullopt;
  }
}

void check_taken(const std::string& text, const Contents& contents) {
  require(contents.text() == without_outer_space(text), "contents keep every byte", text);
  require(!first_non_utf8(text), "JSON is UTF-8", text);
  require(!first_non_utf8(contents.as_plain_text()), "plain text is UTF-8", text);
  const std::string line = cli::one_line(contents.text());
  require_fit(line, "JSON on one line");
  require(!json_fault(line), "JSON on one line is JSON", line);
  if (const auto value = read_by_others(contents.text())) {
    require(read_by_others(line) == value, "JSON on one line is the same", line);
  }
}

void check_members(const std::string& text, std::size_t most) {
  const auto members = json_members(text, most);
  if (!members) {
    return;
  }
  require(members->size() <= most, "no more members than asked for", text);
  for (const auto& [name, value] : *members) {
    require(!json_fault(value), "a member is JSON", value);
    require(value.data() >= text.data() && value.data() + value.size() <= text.data() + text.size(),
            "a member is part of its object", value);
    require(unquote_json(quote_json(name)) == name, "a name can be quoted", name);
  }
}

void check_quoting(const std::string& text) {
  const std::string utf8 = as_utf8(text);
  const std::string quoted = quote_json(utf8);
  require(!json_fault(quoted), "quoted text is JSON", quoted);
  require(unquote_json(quoted) == utf8, "quoted text comes back", quoted);
  try {
    const Contents contents{std::string_view(text)};
    require(text == utf8, "only UTF-8 makes a JSON string", text);
    require(contents.as_plain_text() == text, "a JSON string comes back", text);
  } catch (const ValidationError&) {
    require(text != utf8, "UTF-8 makes a JSON string", text);
  }
  if (const auto plain = unquote_json(text)) {
    require(!first_non_utf8(*plain), "a JSON string is UTF-8", text);
  }
}

}  // namespace

void check_json(Bytes bytes) {
  Input input(bytes);
  const std::size_t most = input.byte();
  const std::string text = input.rest();
  const auto fault = json_fault(text);
  const auto contents = contents_of(text);
  require(contents.has_value() == !fault, "contents are what has no fault", text);
  if (fault) {
    require(fault->position <= text.size(), "a fault is within the text", text);
    require_fit(fault->problem, "a fault");
  } else {
    check_taken(text, *contents);
  }
  require(!fault || !read_by_others(text), "what others can read is taken", text);
  check_members(text, most);
  check_quoting(text);
}

}  // namespace exclusive_lock::fuzz
