#pragma once
// What a server in want of memory, or of a disk or of replicas, does not carry out. It looks at
// each command of a script, and lets through what comes behind a first write, so what counts is the
// first one (stores/redis/scripts). Nothing is carried out of what is refused.

#include <vector>

#include "sim/seen.hpp"

namespace exclusive_lock::sim {

// Whether the first thing that it would write makes the store grow. Of attempts alone: a heartbeat,
// a refresh and a release begin with what frees or renews, and are never refused for want of
// memory. `pass_count`: how many grants in a row have gone past those who wait.
bool would_grow(const Seen& before, const AttemptRequest& request, std::size_t pass_count);

// Whether it would write anything.
bool would_write(const Seen& before, const AttemptRequest& request);
bool would_write(const Seen& before, const HeartbeatRequest& request);
bool would_write(const Seen& before, const RefreshRequest& request);
bool would_write(const Seen& before, const ReleaseRequest& request);

StoreFailure no_memory();
StoreFailure no_writes();

}  // namespace exclusive_lock::sim
