#include "runtime/inspection.hpp"

#include <algorithm>
#include <utility>

#include "core/done_mark.hpp"
#include "core/record_codec.hpp"

namespace exclusive_lock {
namespace {

std::optional<LockRecord> shown(const InspectReply& reply) {
  if (!reply.record)
    return std::nullopt;
  LockRecord record = shown(*reply.record);
  if (reply.mark)
    record.last_done = decode_done_mark(*reply.mark);
  return record;
}

}  // namespace

void inspect_key(Engine& engine, const std::string& key, std::function<void(Seen)> seen) {
  begin_ask<InspectReply>(
      engine,
      [&](Instant deadline, Done<InspectReply> done) {
        engine.store().inspect(key, deadline, std::move(done));
      },
      [seen = std::move(seen)](const Answer<InspectReply>& answer) {
        if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
          seen(*failure);
        } else {
          seen(shown(std::get<InspectReply>(answer)));
        }
      });
}

void last_done_of_key(Engine& engine, const std::string& key, std::function<void(SeenDone)> seen) {
  begin_ask<InspectReply>(
      engine,
      [&](Instant deadline, Done<InspectReply> done) {
        engine.store().inspect(key, deadline, std::move(done));
      },
      [seen = std::move(seen)](const Answer<InspectReply>& answer) {
        if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
          seen(*failure);
        } else {
          const auto& mark = std::get<InspectReply>(answer).mark;
          seen(mark ? decode_done_mark(*mark) : std::nullopt);
        }
      });
}

std::optional<LastDone> last_done_of_key(Engine& engine, const std::string& key) {
  return reply_or_throw(wait_for_answer<SeenDone>(
      engine.store(), [&](auto seen) { last_done_of_key(engine, key, std::move(seen)); }));
}

std::optional<LockRecord> inspect_key(Engine& engine, const std::string& key) {
  return reply_or_throw(wait_for_answer<Seen>(
      engine.store(), [&](auto seen) { inspect_key(engine, key, std::move(seen)); }));
}

LockRecord shown(const StoredRecord& stored) {
  LockRecord record = decode_record(stored.value);
  record.key = stored.key;
  record.remaining_ttl = stored.remaining_ttl;
  // A store that another program has changed may list more waiters than it counts.
  record.waiting = std::max(stored.waiting, stored.waiters.size());
  for (const StoredWaiter& waiter : stored.waiters)
    record.waiters.push_back(decode_waiter(waiter));
  return record;
}

}  // namespace exclusive_lock
