#pragma once
// One look at a store, for a thread that waits for it.

#include <memory>
#include <optional>
#include <string>

#include "core/protocol.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/record.hpp"
#include "runtime/engine.hpp"
#include "runtime/pending.hpp"

namespace exclusive_lock {

// The reply, or a StoreError in its place.
template <class Reply>
Reply reply_or_throw(Answer<Reply> answer) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    throw StoreError(failure->code, failure->message, failure->may_have_run);
  }
  return std::get<Reply>(std::move(answer));
}

// Calls `verb(deadline, done)` and waits for the answer, at most one command timeout.
template <class Reply, class Verb>
Answer<Reply> ask(Engine& engine, Verb verb) {
  if (!engine.is_in_its_process()) {
    return StoreFailure{
        .code = errc::connection_closed,
        .message =
            "this connection belongs to the process that made it, before fork(); connect again",
        .may_have_run = false};
  }
  // Shared: an answer may come late, when nobody waits for it any more.
  const auto pending = std::make_shared<Pending<Answer<Reply>>>();
  verb(engine.clock().now() + engine.command_timeout(),
       [pending](Answer<Reply> answer) { pending->answer(std::move(answer)); });
  return pending->wait();
}

// Everything but the name, which only the caller knows. Throws StoreError.
std::optional<LockRecord> inspect_key(Engine& engine, const std::string& key);

// A record as the store has it, decoded; again without the name.
LockRecord shown(const StoredRecord& stored);

}  // namespace exclusive_lock
