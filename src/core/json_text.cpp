#include "core/json_text.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>

namespace exclusive_lock {
namespace {

namespace json = boost::json;
using Error = boost::system::error_code;

// The handler of basic_parser. It ignores all values, since only the validity of the text is of
// interest. It keeps nothing, so the parser's limits are off.
struct IgnoringHandler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  using Text = json::string_view;
  static bool on_document_begin(Error&) { return true; }
  static bool on_document_end(Error&) { return true; }
  static bool on_array_begin(Error&) { return true; }
  static bool on_array_end(std::size_t, Error&) { return true; }
  static bool on_object_begin(Error&) { return true; }
  static bool on_object_end(std::size_t, Error&) { return true; }
  static bool on_string_part(Text, std::size_t, Error&) { return true; }
  static bool on_string(Text, std::size_t, Error&) { return true; }
  static bool on_key_part(Text, std::size_t, Error&) { return true; }
  static bool on_key(Text, std::size_t, Error&) { return true; }
  static bool on_number_part(Text, Error&) { return true; }
  static bool on_int64(std::int64_t, Text, Error&) { return true; }
  // The parser requires it but never calls it: numbers are not converted.
  static bool on_uint64(std::uint64_t, Text, Error&) { return true; }  // GCOV_EXCL_LINE
  static bool on_double(double, Text, Error&) { return true; }
  static bool on_bool(bool, Error&) { return true; }
  static bool on_null(Error&) { return true; }
  // The parser requires them but never calls them: comments are not allowed.
  static bool on_comment_part(Text, Error&) { return true; }  // GCOV_EXCL_LINE
  static bool on_comment(Text, Error&) { return true; }       // GCOV_EXCL_LINE
};

using Reader = json::basic_parser<IgnoringHandler>;

json::parse_options strict_options() {
  json::parse_options options;
  options.max_depth = json_depth_limit;
  options.numbers = json::number_precision::none;
  return options;
}

// The size in bytes of the value at the beginning of the text. None: there is no valid value. More
// text must follow, as in an object; else the end of a number would be unknown.
std::optional<std::size_t> leading_value_size(std::string_view text) {
  Reader reader(strict_options());
  Error error;
  const std::size_t size = reader.write_some(true, text.data(), text.size(), error);
  return !error && reader.done() ? std::optional(size) : std::nullopt;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Reads an object from its beginning. Each step returns whether the text continues as required.
class ObjectCursor {
 public:
  explicit ObjectCursor(std::string_view text) : rest_(text) {}

  bool take(char expected) {
    skip_space();
    if (rest_.empty() || rest_.front() != expected) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string_view> take_value() {
    skip_space();
    const auto size = leading_value_size(rest_);
    if (!size) {
      return std::nullopt;
    }
    const auto value = without_outer_space(rest_.substr(0, *size));
    rest_.remove_prefix(*size);
    return value;
  }

  bool is_at_end() {
    skip_space();
    return rest_.empty();
  }

 private:
  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) {
      rest_.remove_prefix(1);
    }
  }

  std::string_view rest_;
};

}  // namespace

std::optional<JsonFault> json_fault(std::string_view text) {
  Reader reader(strict_options());
  Error error;
  const std::size_t size = reader.write_some(false, text.data(), text.size(), error);
  if (error) {
    const bool is_too_deep = error == json::error::too_deep;
    return JsonFault{size, is_too_deep ? "nested too deeply" : error.message()};
  }
  if (size < text.size()) {
    return JsonFault{size, "more text after the value"};
  }
  return std::nullopt;
}

std::string_view without_outer_space(std::string_view json_text) {
  while (!json_text.empty() && is_space(json_text.front())) {
    json_text.remove_prefix(1);
  }
  while (!json_text.empty() && is_space(json_text.back())) {
    json_text.remove_suffix(1);
  }
  return json_text;
}

std::optional<std::vector<JsonMember>> json_members(std::string_view object,
                                                    std::size_t max_members) {
  ObjectCursor cursor(object);
  std::vector<JsonMember> members;
  if (!cursor.take('{')) {
    return std::nullopt;
  }
  bool is_over = cursor.take('}');
  while (!is_over) {
    const auto key = cursor.take_value();
    const auto name = key ? unquote_json(*key) : std::nullopt;
    const auto value = name && cursor.take(':') ? cursor.take_value() : std::nullopt;
    if (!value || members.size() == max_members) {
      return std::nullopt;
    }
    members.push_back({*name, *value});
    is_over = cursor.take('}');
    if (!is_over && !cursor.take(',')) {
      return std::nullopt;
    }
  }
  return cursor.is_at_end() ? std::optional(std::move(members)) : std::nullopt;
}

std::string quote_json(std::string_view utf8) { return json::serialize(json::string_view(utf8)); }

std::optional<std::string> unquote_json(std::string_view json_string) {
  if (json_string.empty() || json_string.front() != '"') {
    return std::nullopt;
  }
  Error error;
  const json::value value = json::parse(json_string, error);
  if (error) {
    return std::nullopt;
  }
  const json::string& text = value.get_string();
  return std::string(text.data(), text.size());
}

}  // namespace exclusive_lock
