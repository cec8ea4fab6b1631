#pragma once
// One read of a store.

#include <functional>
#include <optional>
#include <string>

#include "core/protocol.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/record.hpp"
#include "runtime/engine.hpp"
#include "runtime/pending.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

// The reply, or a StoreError in its place.
template <class Reply>
Reply reply_or_throw(Answer<Reply> answer) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    throw StoreError(failure->code, failure->message, failure->may_have_run);
  }
  return std::get<Reply>(std::move(answer));
}

// Calls `verb(deadline, done)`; `done` is called within one command timeout, on any thread.
template <class Reply, class Verb>
void begin_ask(Engine& engine, Verb verb, Done<Reply> done) {
  if (!engine.is_in_its_process()) {
    done(StoreFailure{
        .code = errc::connection_closed,
        .message =
            "this connection belongs to the process that made it, before fork(); connect again",
        .may_have_run = false});
    return;
  }
  verb(engine.clock().now() + engine.command_timeout(), std::move(done));
}

// The same for a thread that waits for the answer.
template <class Reply, class Verb>
Answer<Reply> ask(Engine& engine, Verb verb) {
  return wait_for_answer<Answer<Reply>>(
      engine.store(), [&](Done<Reply> done) { begin_ask<Reply>(engine, verb, std::move(done)); });
}

// Everything but the name, which only the caller knows.
using Seen = Answer<std::optional<LockRecord>>;
void inspect_key(Engine& engine, const std::string& key, std::function<void(Seen)> seen);
// Throws StoreError.
std::optional<LockRecord> inspect_key(Engine& engine, const std::string& key);

// The mark beside it, without a name, in the same way.
using SeenDone = Answer<std::optional<LastDone>>;
void last_done_of_key(Engine& engine, const std::string& key, std::function<void(SeenDone)> seen);
// Throws StoreError.
std::optional<LastDone> last_done_of_key(Engine& engine, const std::string& key);

// A record as the store has it, decoded; again without the name.
LockRecord shown(const StoredRecord& stored);

}  // namespace exclusive_lock
