#pragma once
// The contents of a lock: any JSON value, kept as JSON text.
//
//   Contents a = 1;                                   // a number (the default of Options)
//   Contents b = "pod-7";                             // a string
//   Contents c = true;
//   Contents d = Contents::object({{"pod", "a"}, {"shard", 17}});
//   Contents e = Contents::parse(R"({"any": ["json"]})");
//
// The store keeps the text, and inspect() returns it. Read it with any JSON library, for example
// `boost::json::parse(c.text())`. This header uses none, so that users need none.

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
  // Throws ValidationError for infinity and NaN, which JSON cannot represent.
  Contents(double value);
  // A JSON string. Throws ValidationError if the value is not UTF-8.
  Contents(std::string_view value);
  Contents(const char* value) : Contents(std::string_view(value)) {}
  Contents(const std::string& value) : Contents(std::string_view(value)) {}

  // The text of one JSON value (RFC 8259), nested at most 32 levels; else throws ValidationError
  // with the position. The text is kept as it is, without white space around it.
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
