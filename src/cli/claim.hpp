#pragma once
// Acquires the lock: connects, tries, waits.
// Connecting and waiting block, so they run in a thread of their own. The main thread reads
// signals; a third thread draws the status line. A signal that would end a process ends the wait,
// and this process ends after an attempt in progress was undone. A second such signal ends this
// process at once; a record that was written then expires with its ttl.

#include <memory>
#include <variant>

#include "cli/claim_options.hpp"
#include "cli/session.hpp"
#include "cli/signal_inbox.hpp"
#include "exclusive_lock/exclusive_lock.hpp"

namespace exclusive_lock::cli {

// The lock, held, and the connection that it needs.
struct Held {
  std::shared_ptr<Connection> store;
  std::unique_ptr<ExclusiveLock> lock;
};
// Another holder has the lock; `holder` describes it.
struct NotHeld {
  std::string holder;
};
struct Interrupted {
  int signal;
};
// The work was done so recently that it is skipped (ClaimOptions::once_per). Nothing is held.
struct Skipped {
  LastDone done;
};
using ClaimResult = std::variant<Held, NotHeld, Interrupted, Skipped>;

// Calls `prepare` with the lock before the first attempt, in another thread, to register event
// handlers. Throws what connect() and the acquire family throw.
ClaimResult claim_lock(const ClaimOptions& claim, Options options, Session& session,
                       SignalInbox& signals, const std::function<void(ExclusiveLock&)>& prepare);

// Each reports what happened and returns the exit code.
int report_interrupted(Interrupted result, const ClaimOptions& claim, Talk& talk);
int report_not_held(const NotHeld& result, const ClaimOptions& claim, Talk& talk);

}  // namespace exclusive_lock::cli
