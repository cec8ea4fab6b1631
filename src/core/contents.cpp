#include "exclusive_lock/contents.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "core/json_text.hpp"
#include "core/utf8.hpp"
#include "exclusive_lock/error.hpp"

namespace exclusive_lock {
namespace {

[[noreturn]] void refuse(std::string problem, std::string allowed) {
  throw ValidationError({{"lock_contents", std::move(problem), std::move(allowed)}});
}

std::string number_text(double value) {
  if (!std::isfinite(value)) {
    refuse("is infinite or not a number", "a finite number");
  }
  std::array<char, 32> text{};  // the longest double takes 24 characters
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), written.ptr};
}

std::string string_text(std::string_view value) {
  if (const auto position = first_non_utf8(value)) {
    refuse("is not UTF-8 at byte " + std::to_string(*position), "text in UTF-8");
  }
  return quote_json(value);
}

void check(std::string_view text) {
  if (const auto fault = json_fault(text)) {
    refuse(
        "is not one JSON value: " + fault->problem + " at byte " + std::to_string(fault->position),
        "one JSON value, nested " + std::to_string(json_depth_limit) + " levels at most");
  }
}

}  // namespace

Contents::Contents(double value) : text_(number_text(value)) {}

Contents::Contents(std::string_view value) : text_(string_text(value)) {}

Contents Contents::parse(std::string_view json_text) {
  check(json_text);
  Contents contents;
  contents.text_ = without_outer_space(json_text);
  return contents;
}

Contents Contents::object(std::initializer_list<Member> members) {
  std::vector<std::string_view> names;
  std::string text = "{";
  for (const auto& [name, value] : members) {
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      refuse("has two members of one name", "names that differ");
    }
    text += names.empty() ? "" : ",";
    text += string_text(name) + ":" + value.text_;
    names.push_back(name);
  }
  return parse(text + "}");
}

std::string Contents::as_plain_text() const { return unquote_json(text_).value_or(text_); }

}  // namespace exclusive_lock
