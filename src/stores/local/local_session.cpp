#include "stores/local/local_session.hpp"

#include <optional>
#include <utility>

#include "exclusive_lock/error.hpp"
#include "stores/local/local_error.hpp"

namespace exclusive_lock {

LocalSession::LocalSession(const StorePlace& place, const Machine& machine)
    : machine_(machine),
      directory_(place),
      holder_(directory_),
      database_(directory_),
      locks_(database_.database()),
      waiters_(database_.database()),
      pushes_(directory_) {
  sweep_sockets(directory_, holder_);
}

// Which file has the database's name need not be asked again while names stay as they are.
bool LocalSession::is_intact() {
  const std::optional<DirectoryStamp> stamp = directory_.settled_stamp();
  if (!stamp || stamp != intact_at_) {
    if (!database_.is_intact()) {
      return false;
    }
    intact_at_ = stamp;
  }
  return holder_.is_intact();
}

template <class Step>
auto LocalSession::transaction(Transaction::Kind kind, Step step) {
  if (!is_intact()) {
    throw_local(errc::store_unavailable, path(),
                "its files were deleted or replaced while it was open");
  }
  AfterCommit after;
  Transaction transaction(database_, kind);
  LocalVerbs at_this_instant({.locks = locks_, .waiters = waiters_, .house = house_}, holder_,
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

// Whoever was refused last is likely to be again: a look tells, and disturbs nobody. Where the look
// finds the lock free, the same transaction takes it, unless somebody wrote in between.
AttemptReply LocalSession::attempt(const AttemptRequest& request) {
  const auto step = [&](LocalVerbs& verbs) {
    AttemptReply reply = verbs.attempt(request);
    was_refused_ = reply.outcome != AttemptOutcome::granted;
    return reply;
  };
  try {
    return transaction(
        was_refused_ ? Transaction::Kind::look_first : Transaction::Kind::write_or_look, step);
  } catch (const SqliteError& error) {
    if (error.code() != errc::store_busy && error.code() != errc::store_full) {
      throw;
    }
  }
  return written(step);
}

BeatReply LocalSession::beat(const BeatRequest& request) {
  return written([&](LocalVerbs& verbs) { return verbs.beat(request); });
}

RefreshReply LocalSession::refresh(const std::vector<RefreshRequest>& requests) {
  if (!is_intact()) {
    return {.verdicts = std::vector(requests.size(), RefreshVerdict::lost),
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
  return written([&](LocalVerbs& verbs) {
    return ReleaseReply{.verdict = verbs.release(request), .store_time = std::nullopt};
  });
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
      // The kernel does not tell whether it is dead. A later sweep asks again.
    }
  }
}

}  // namespace exclusive_lock
