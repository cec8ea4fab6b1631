#pragma once
// What --json prints: one JSON text (RFC 8259) per call, whatever the record holds, and safe to
// show on a terminal: characters that a terminal obeys, or that hide or turn text round, come as
// \uXXXX.
//
// The values are made by the library's own Contents; here they are only put together.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/contents.hpp"
#include "exclusive_lock/record.hpp"

namespace exclusive_lock::cli {

class JsonObject {
 public:
  // `name` is one of ours, and needs no escaping.
  JsonObject& add(std::string_view name, const Contents& value);
  // As a string where the bytes are UTF-8, otherwise {"hex": "..."}: nothing is lost or made up.
  JsonObject& add_bytes(std::string_view name, std::string_view bytes);
  [[nodiscard]] std::string text() const;

 private:
  std::string members_;
};

JsonObject to_json(const LockRecord& record);
JsonObject to_json(const LockWaiter& waiter);
JsonObject to_json(const LastDone& done);
// The shape of to_json() for a lock that nobody holds.
JsonObject free_to_json(std::string_view name, const std::optional<LastDone>& last_done);
// One element per line.
std::string json_array(const std::vector<std::string>& elements);

// Any JSON text on one line, with everything escaped that a terminal must not see.
std::string one_line(std::string_view json_text);

}  // namespace exclusive_lock::cli
