#pragma once
// What a server answered to one command, as a tree: small, and without a type of the client
// library.
//
// A reply can be of any kind, whatever was asked: an error, or something that makes no sense.
// The reader checks the kind first; a reply that does not fit is a protocol error of that
// one operation, not of the connection.

#include <cstdint>
#include <string>
#include <vector>

namespace exclusive_lock::redis {

struct Reply {
  enum class Kind {
    nil,
    string,  // simple, bulk and verbatim strings; booleans, doubles, big numbers as written
    integer,
    error,  // `text` as sent, without the leading '-'
    array,  // arrays and sets; maps as key, value, key, value...
  };

  Kind kind = Kind::nil;
  std::string text{};
  std::int64_t integer = 0;
  std::vector<Reply> elements{};

  [[nodiscard]] bool is_error() const { return kind == Kind::error; }
  [[nodiscard]] bool is_string() const { return kind == Kind::string; }
  [[nodiscard]] bool is_array() const { return kind == Kind::array; }

  friend bool operator==(const Reply&, const Reply&) = default;
};

}  // namespace exclusive_lock::redis
