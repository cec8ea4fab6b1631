#pragma once
// Replies as a server sends them.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

inline Reply text(const std::string& value) { return {.kind = Reply::Kind::string, .text = value}; }

inline Reply error(const std::string& value) { return {.kind = Reply::Kind::error, .text = value}; }

inline Reply integer(std::int64_t value) {
  return {.kind = Reply::Kind::integer, .integer = value};
}

inline Reply array(std::vector<Reply> elements) {
  return {.kind = Reply::Kind::array, .elements = std::move(elements)};
}

inline Reply texts(const std::vector<std::string>& values) {
  Reply reply{.kind = Reply::Kind::array};
  for (const std::string& each : values) {
    reply.elements.push_back(text(each));
  }
  return reply;
}

}  // namespace exclusive_lock::redis
