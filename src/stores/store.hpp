#pragma once
// What every store can do. One conformance suite (tests/conformance) holds all of them to it (G9).
//
// Contract, for every verb:
// - It does not block on the network. It calls `done` exactly once, by the deadline at the latest
//   (plus scheduling): inline, before returning, or later on the store's own thread or on one
//   that waits for the store. `done` must not block.
// - At the deadline a request that was not sent is withdrawn (may_have_run = false), one that was
//   sent is abandoned (may_have_run = true, errc::outcome_unknown). Either way its late answer is
//   dropped.
// - What it does, it does in one atomic step. No verb but remove() touches a record of another
//   owner id (G3).
// - Every verb is idempotent for the same arguments.
// - Any thread may call any verb at any time. After close(), and in a child after fork(), every
//   verb answers errc::connection_closed.
// - attempt, heartbeat, release and remove first advance the queue: a lock without a record goes
//   to the first live waiter (decisions/0008), so no waiter depends on one particular wake-up
//   (G6). An attempt that may go past those who wait does not (decisions/0011).

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "core/protocol.hpp"

namespace exclusive_lock {

template <class Reply>
using Done = std::function<void(Answer<Reply>)>;

// The end of something, as a thread that waits for it sees it.
class Awaited {
 public:
  virtual ~Awaited() = default;

  // Blocks until it has come.
  virtual void wait() = 0;
  // `notify` is called once when it comes, on the thread that brings it, or inline if it has come
  // already; never after a later call of this function, with null for none, has returned. It must
  // not block, nor call back.
  virtual void on_end(std::function<void()> notify) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // G2, G4. One round trip.
  virtual void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) = 0;
  // G4, G6.
  virtual void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) = 0;
  // G1, G3. One round trip for all of them together. Not empty.
  virtual void refresh(std::vector<RefreshRequest> requests, Instant deadline,
                       Done<RefreshReply> done) = 0;
  // G3, G4.
  virtual void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) = 0;
  // Open to everyone; changes nothing.
  virtual void inspect(std::string key, Instant deadline, Done<InspectReply> done) = 0;
  // All records whose key begins with `key_prefix`, at most `most` of them; side keys are not among
  // them. Not one instant.
  virtual void list(std::string key_prefix, std::size_t most, Instant deadline,
                    Done<ListReply> done) = 0;
  // Deletes the record of `key`, whichever client wrote it, if its value is exactly `expected`.
  virtual void remove(std::string key, std::string expected, Instant deadline,
                      Done<RemoveReply> done) = 0;
  // The marks (ReleaseRequest::done_for) of keys that begin with `key_prefix`, held or not, at most
  // `most` of them. Those of keys with a {tag} of their own are not among them. Not one instant.
  virtual void list_marks(std::string key_prefix, std::size_t most, Instant deadline,
                          Done<ListMarksReply> done) = 0;
  // Deletes the mark of `key`, whichever client left it.
  virtual void forget(std::string key, Instant deadline, Done<ForgetReply> done) = 0;

  // Who gets the wake-ups for waiters of this very store object. Set before the first attempt with
  // wait options, and once. Called on any thread, also inline within a verb; must not block, and
  // may call verbs. A hint only: what a lost wake-up was about is found by a heartbeat.
  struct WakeUpListener {
    std::function<void(const WakeUp&)> wake_up;
    // Pushes come from now on, and some may have been lost before: time for every waiter to send a
    // heartbeat.
    std::function<void()> pushes_resumed;
  };
  virtual void listen(WakeUpListener listener) = 0;
  // Whether wake-ups are pushed at present. Where they are not, waiters heartbeat at `retry_pause`.
  [[nodiscard]] virtual bool pushes_grants() const = 0;
  // The longest pause of a waiter that has to look for itself: what a look at this store costs
  // decides.
  [[nodiscard]] virtual Milliseconds retry_pause() const = 0;
  // Whether waiters far from the front may send fewer heartbeats
  // (docs/decisions/0025-sparse-heartbeats.md). Not where these find out that a holder has died.
  [[nodiscard]] virtual bool allows_sparse_heartbeats() const { return false; }
  // For a thread that has nothing to do until `end`: calls `begin`, which requests what brings the
  // end, and returns when the end has come. A store with an I/O thread may let the caller do the
  // I/O meanwhile, which saves two thread switches; so replies to others may be delivered here.
  // Not to be called from `done` or a listener.
  virtual void wait(const std::function<void()>& begin, Awaited& end) {
    begin();
    end.wait();
  }
  // True: a verb does its work before it returns, which may last until its deadline, and longer
  // where a disk stands still. So it is called by callers only, and by a thread that may wait for
  // it (runtime/store_thread.hpp): no timer does (G5).
  [[nodiscard]] virtual bool blocks() const { return false; }
  // The URL without credentials.
  [[nodiscard]] virtual const std::string& url() const = 0;
  // Fails everything that is pending, frees sockets and threads. Idempotent. Not to be called from
  // `done`.
  virtual void close() = 0;
};

}  // namespace exclusive_lock
