#pragma once
// The output of --json: one JSON text (RFC 8259) per call, whatever the record holds. It is safe to
// show on a terminal: control characters, and characters that hide text or change its direction,
// are escaped as \uXXXX.
//
// The library's Contents makes the values; this class only joins them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/contents.hpp"
#include "exclusive_lock/record.hpp"

namespace exclusive_lock::cli {

class JsonObject {
 public:
  // `name` is a field name of this program, so it needs no escaping.
  JsonObject& add(std::string_view name, const Contents& value);
  // A string if the bytes are UTF-8, otherwise {"hex": "..."}, so that no byte is lost.
  JsonObject& add_bytes(std::string_view name, std::string_view bytes);
  [[nodiscard]] std::string text() const;

 private:
  std::string members_;
};

JsonObject to_json(const LockRecord& record);
JsonObject to_json(const LockWaiter& waiter);
JsonObject to_json(const LastDone& done);
// The same for a lock that is free.
JsonObject free_to_json(std::string_view name, const std::optional<LastDone>& last_done);
// One element per line.
std::string json_array(const std::vector<std::string>& elements);

// A JSON text on one line. Characters that a terminal must not get are escaped.
std::string one_line(std::string_view json_text);

}  // namespace exclusive_lock::cli
