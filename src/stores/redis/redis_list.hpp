#pragma once
// All records, or marks, below a prefix, with the I/O that list_walk.hpp asks for.

#include <functional>
#include <string>

#include "core/protocol.hpp"
#include "stores/redis/redis_client.hpp"
#include "stores/redis/script_runner.hpp"

namespace exclusive_lock::redis {

struct ListRequest {
  std::string key_prefix;
  std::size_t most;
  Instant deadline;
};

// `done` as in Operation. Both must outlive it.
void list_records(RedisClient& client, ScriptRunner& scripts, ListRequest request,
                  std::function<void(Answer<ListReply>)> done);
void list_marks(RedisClient& client, ScriptRunner& scripts, ListRequest request,
                std::function<void(Answer<ListMarksReply>)> done);

}  // namespace exclusive_lock::redis
