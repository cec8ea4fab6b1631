#pragma once
// What a lock carries: any JSON value, kept as its text.
//
//   Contents a = 1;                                   // a number (the default of Options)
//   Contents b = "pod-7";                             // a string
//   Contents c = true;
//   Contents d = Contents::object({{"pod", "a"}, {"shard", 17}});
//   Contents e = Contents::parse(R"({"any": ["json"]})");
//
// The text is what is stored and what inspect() returns; `boost::json::parse(c.text())`, or any
// other reader, takes it from there. No JSON library shows in this header, so that users need none.

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

class EXCLUSIVE_LOCK_API Contents {
 public:
  using Member = std::pair<std::string_view, Contents>;

  Contents() : Contents(1) {}
  Contents(std::nullptr_t) : text_("null") {}
  template <std::same_as<bool> Boolean>
  Contents(Boolean value) : text_(value ? "true" : "false") {}
  template <std::integral Integer>
  requires(!std::same_as<Integer, bool>) Contents(Integer value) : text_(std::to_string(value)) {}
  // Throws ValidationError for infinity and NaN, which JSON does not have.
  Contents(double value);
  // A JSON string. Throws ValidationError where it is not UTF-8.
  Contents(std::string_view value);
  Contents(const char* value) : Contents(std::string_view(value)) {}
  Contents(const std::string& value) : Contents(std::string_view(value)) {}

  // Throws ValidationError, with the position, where the text is not exactly one JSON value (RFC
  // 8259) or is nested deeper than 32 levels. The text is kept as given, less outer white space.
  static Contents parse(std::string_view json_text);
  static Contents object(std::initializer_list<Member> members);

  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  // The characters of a JSON string; the JSON text of any other value.
  [[nodiscard]] std::string as_plain_text() const;

  friend bool operator==(const Contents&, const Contents&) = default;

 private:
  std::string text_;
};

}  // namespace exclusive_lock
