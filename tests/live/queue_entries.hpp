#pragma once
// The queue of a lock as it lies on a server: what src/stores/redis/scripts/shared/queue.lua says.

#include <cstdint>
#include <string>
#include <vector>

#include "live/raw_client.hpp"

namespace exclusive_lock::live {

// Those that wait, in order.
inline std::vector<std::string> entries_in(RawClient& client, const std::string& queue) {
  return client.texts({"ZRANGEBYSCORE", queue, "1", "+inf"});
}

inline std::int64_t count_entries(RawClient& client, const std::string& queue) {
  return client.integer({"ZCOUNT", queue, "1", "+inf"});
}

// What an entry says, by its texts in order.
enum class EntryField { owner, place, heard_us, alive_ms, confirm_ms, floor, rest, channel, tail };

// Where one of them begins and ends in an entry.
inline std::string::size_type begin_of(const std::string& entry, EntryField field) {
  std::string::size_type at = 1;
  for (int i = 0; i < static_cast<int>(field); ++i) {
    at = entry.find(' ', at) + 1;
  }
  return at;
}

inline std::string text_in(const std::string& entry, EntryField field) {
  const auto at = begin_of(entry, field);
  return field == EntryField::tail ? entry.substr(at) : entry.substr(at, entry.find(' ', at) - at);
}

inline std::string with_text(std::string entry, EntryField field, const std::string& text) {
  return entry.replace(begin_of(entry, field), text_in(entry, field).size(), text);
}

// At the same place.
inline void replace_entry(RawClient& client, const std::string& queue, const std::string& entry,
                          const std::string& other) {
  const std::string place = client.text({"ZSCORE", queue, entry});
  client.must({"ZREM", queue, entry});
  client.must({"ZADD", queue, place, other});
}

}  // namespace exclusive_lock::live
