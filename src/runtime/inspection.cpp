#include "runtime/inspection.hpp"

#include <algorithm>

#include "core/record_codec.hpp"

namespace exclusive_lock {

std::optional<LockRecord> inspect_key(Engine& engine, const std::string& key) {
  const auto reply =
      reply_or_throw(ask<InspectReply>(engine, [&](Instant deadline, Done<InspectReply> done) {
        engine.store().inspect(key, deadline, std::move(done));
      }));
  if (!reply.record)
    return std::nullopt;
  return shown(*reply.record);
}

LockRecord shown(const StoredRecord& stored) {
  LockRecord record = decode_record(stored.value);
  record.key = stored.key;
  record.remaining_ttl = stored.remaining_ttl;
  // A store that somebody has changed may tell of more than it counts.
  record.waiting = std::max(stored.waiting, stored.waiters.size());
  for (const StoredWaiter& waiter : stored.waiters)
    record.waiters.push_back(decode_waiter(waiter));
  return record;
}

}  // namespace exclusive_lock
