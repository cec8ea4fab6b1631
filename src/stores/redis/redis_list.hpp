#pragma once
// All records below a prefix: SCAN from cursor to cursor, and what each page's keys hold.

#include <functional>
#include <string>

#include "core/protocol.hpp"
#include "stores/redis/redis_front.hpp"
#include "stores/redis/script_runner.hpp"

namespace exclusive_lock::redis {

struct ListRequest {
  std::string key_prefix;
  std::size_t most;
  Instant deadline;
};

// `done` as in Operation. Both must outlive it.
void list_records(RedisFront& front, ScriptRunner& scripts, ListRequest request,
                  std::function<void(Answer<ListReply>)> done);

// A pattern for MATCH that stands for exactly this text and whatever follows it.
std::string prefix_pattern(std::string_view prefix);

}  // namespace exclusive_lock::redis
