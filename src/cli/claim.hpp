#pragma once
// Getting the lock: connect, try, wait, while this thread listens for signals.
//
// Both the connecting and the waiting block, so they run in a thread of their own; the main thread
// reads signals, and a third one keeps the status line. A signal whose default is to end a process
// ends the wait: an attempt that is on its way is given back before this process ends. A second one
// does not wait for that (the record is then gone after its ttl).

#include <memory>
#include <variant>

#include "cli/claim_options.hpp"
#include "cli/session.hpp"
#include "cli/signal_inbox.hpp"
#include "exclusive_lock/exclusive_lock.hpp"

namespace exclusive_lock::cli {

// The lock, held, and what keeps it alive.
struct Held {
  std::shared_ptr<Connection> store;
  std::unique_ptr<ExclusiveLock> lock;
};
// Somebody else has it; who, in words.
struct NotHeld {
  std::string holder;
};
struct Interrupted {
  int signal;
};
// It was done so recently that it is not wanted (ClaimOptions::once_per); nothing is held.
struct Skipped {
  LastDone done;
};
using ClaimResult = std::variant<Held, NotHeld, Interrupted, Skipped>;

// `prepare` is called with the lock before the first attempt, for event handlers; in another
// thread. Throws what connect() and the acquire family throw.
ClaimResult claim_lock(const ClaimOptions& claim, Options options, Session& session,
                       SignalInbox& signals, const std::function<void(ExclusiveLock&)>& prepare);

// Each says what happened and returns the exit code.
int report_interrupted(Interrupted result, const ClaimOptions& claim, Talk& talk);
int report_not_held(const NotHeld& result, const ClaimOptions& claim, Talk& talk);

}  // namespace exclusive_lock::cli
