#include "stores/local/local_session.hpp"

#include <optional>
#include <utility>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {

LocalSession::LocalSession(const StorePlace& place, const Machine& machine)
    : machine_(machine),
      directory_(place),
      holders_(directory_),
      holder_(directory_, holders_),
      database_(directory_, holders_, machine),
      locks_(database_.database()),
      waiters_(database_.database()),
      marks_(database_.database()),
      pushes_(directory_) {
  sweep_sockets(directory_, holder_);
}

template <class Step>
auto LocalSession::transaction(Transaction::Kind kind, Step step) {
  AfterCommit after;
  Transaction transaction(database_, kind);
  LocalVerbs at_this_instant({.locks = locks_, .waiters = waiters_, .marks = marks_}, holder_,
                             machine_, after);
  auto reply = step(at_this_instant);
  transaction.commit();
  carry_out(after);
  return reply;
}

template <class Step>
auto LocalSession::written(Step step) {
  try {
    return transaction(Transaction::Kind::write, step);
  } catch (const SqliteError& error) {
    // On a full disk the log cannot grow. Once it is copied back, its space can be used again:
    // enough for a release.
    if (error.code() != errc::store_full || !database_.checkpoint()) {
      throw;
    }
  }
  return transaction(Transaction::Kind::write, step);
}

// A look finds out whether the lock is held, without waiting. Where it is free the same
// transaction takes it, unless another process wrote in between.
AttemptReply LocalSession::attempt(const AttemptRequest& request) {
  const auto step = [&](LocalVerbs& verbs) { return verbs.attempt(request); };
  try {
    return transaction(Transaction::Kind::look_first, step);
  } catch (const SqliteError& error) {
    if (error.code() != errc::store_busy && error.code() != errc::store_full) {
      throw;
    }
  }
  return written(step);
}

HeartbeatReply LocalSession::heartbeat(const HeartbeatRequest& request) {
  return written([&](LocalVerbs& verbs) { return verbs.heartbeat(request); });
}

RefreshReply LocalSession::refresh(const std::vector<RefreshRequest>& requests) {
  if (!holders_.is_current()) {
    return {.verdicts = std::vector(requests.size(), RefreshReplyStatus::lost),
            .store_time = std::nullopt};
  }
  return written([&](LocalVerbs& verbs) {
    RefreshReply reply{.verdicts = {}, .store_time = std::nullopt};
    for (const RefreshRequest& request : requests) {
      reply.verdicts.push_back(verbs.refresh(request));
    }
    return reply;
  });
}

ReleaseReply LocalSession::release(const ReleaseRequest& request) {
  const auto attempt = [this](const ReleaseRequest& asked) {
    return written(
        [&](LocalVerbs& verbs) { return ReleaseReply{.verdict = verbs.release(asked)}; });
  };
  try {
    return attempt(request);
  } catch (const SqliteError& error) {
    if (error.code() != errc::store_full || !request.done_for) {
      throw;
    }
    // A mark for which the disk has no space does not keep the lock from being released.
    ReleaseRequest without_mark = request;
    without_mark.done_for = std::nullopt;
    ReleaseReply reply = attempt(without_mark);
    reply.mark_failure = std::make_shared<const StoreFailure>(
        StoreFailure{.code = error.code(),
                     .message = local_message(error.code(), path(), error.what()),
                     .may_have_run = false});
    return reply;
  }
}

InspectReply LocalSession::inspect(std::string_view key) {
  return transaction(Transaction::Kind::look_first,
                     [&](LocalVerbs& verbs) { return verbs.inspect(key); });
}

ListReply LocalSession::list(std::string_view key_prefix, std::size_t most) {
  return transaction(Transaction::Kind::look_first,
                     [&](LocalVerbs& verbs) { return verbs.list(key_prefix, most); });
}

RemoveReply LocalSession::remove(std::string_view key, std::string_view expected) {
  return written([&](LocalVerbs& verbs) { return verbs.remove(key, expected); });
}

ListMarksReply LocalSession::list_marks(std::string_view key_prefix, std::size_t most) {
  return transaction(Transaction::Kind::look_first,
                     [&](LocalVerbs& verbs) { return verbs.list_marks(key_prefix, most); });
}

ForgetReply LocalSession::forget(std::string_view key) {
  return written([&](LocalVerbs& verbs) { return verbs.forget(key); });
}

std::unique_ptr<PushListener> LocalSession::hear_pushes(PushListener::OnWakeUp on_wake_up) {
  sweep_sockets(directory_, holder_);
  return std::make_unique<PushListener>(directory_, holder_.id(), std::move(on_wake_up));
}

void LocalSession::carry_out(const AfterCommit& after) noexcept {
  for (const AfterCommit::Push& push : after.pushes) {
    pushes_.send(push.to, push.wake_up);
  }
  for (const HolderId store : after.suspects) {
    try {
      remove_socket_of_dead(directory_, holder_, store);
    } catch (const LocalError&) {
      // The kernel does not say whether it is dead. A later sweep asks again.
    }
  }
}

}  // namespace exclusive_lock
