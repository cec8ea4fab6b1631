#pragma once
// The state machine of one lock object. It alone decides whether the object holds the lock.
//
// It has no clock, no socket and no thread. Its inputs are events, each with the time at which it
// is handled; these times must not go backwards. Its output is a list of actions for the caller
// (runtime/lock_handle.cpp, the simulation).
//
//   state       meaning                         how it ends
//   idle        holds nothing                   acquire_requested -> attempting
//   attempting  one attempt was sent            reply, granted in time -> held
//                                               reply, waiting -> waiting
//                                               any other reply, abandoned -> idle
//   waiting     an entry of its ticket is in    granted, by a heartbeat's reply -> held
//               the queue, as far as it knows   entry gone -> attempting, under a new ticket
//                                               time over, abandoned, refused -> idle
//   held        valid until safe_until()        released, detached -> idle
//                                               lost (record gone, safe_until() passed, the store's
//                                               clock stepped) -> idle
//
// Rules. Each has a test that names it, and a mutant in the simulation.
// - Every input first checks whether safe_until() has passed. If so, the hold is lost before the
//   input is handled, so no late reply revives it (G5).
// - A hold counts from the time before its request was sent (G1): requests carry requested_at.
// - An attempt with an unknown outcome is given back and never repeated under its ticket (G4).
// - A release ends the hold first and contacts the store afterwards.
// - A give-back names a ticket. It removes the record of that ticket or of an older one of this
//   object, never of a newer one, so it may be late, repeated or overtaken.
// - A push is only a wake-up: it makes a waiter send a heartbeat at once. A hold begins, and the
//   highest known fence rises, only with a reply of the store (docs/decisions/0008).
//
// To add an event, define what it does in each of the four states, and test all four.
// lock_machine_waiting.cpp has the waiting state; lock_machine_closing.cpp the release and the
// minimum hold.

#include <array>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "core/protocol.hpp"
#include "core/safe_window.hpp"
#include "core/shared_text.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/events.hpp"
#include "exclusive_lock/outcomes.hpp"

namespace exclusive_lock {

struct LockSettings {
  std::string key;
  SharedText record_tail;
  Milliseconds ttl;
  Milliseconds refresh_interval;
  bool auto_refresh;
  bool detached;
  Milliseconds command_timeout;  // how long a request waits for its reply
  std::size_t queue_limit = 10'000;
  std::size_t barging_limit = 0;
};

// Identifies a request of a caller; the answer to it carries the same id.
using RequestId = std::uint64_t;

// What an acquire returns if this object holds the lock already (exclusive_lock.hpp, "States").
enum class AcquireMode {
  as_object,  // acquire(): true
  as_mutex,   // lock(): it waits
};

// The caller is ready to wait in the queue.
struct Wait {
  std::optional<Instant> until;  // none: no limit
  // The same call goes on after a failure of the store: it keeps its place in the queue.
  bool resumes = false;
};

// --- actions -----------------------------------------------------------------------------------

struct SendAttempt {
  AttemptRequest request;
  Instant requested_at;
  Instant answer_by;  // the command timeout or the caller's deadline, whichever is sooner
};
struct SendHeartbeat {
  HeartbeatRequest request;
  Instant requested_at;
};
struct SendRefresh {
  RefreshRequest request;
  Instant requested_at;
};
// Release this owner's record. Repeat until the store has answered or `pointless_after` has come,
// when the record has expired.
struct SendRelease {
  ReleaseRequest request;
  Instant pointless_after;
  std::optional<RequestId> requested_by{};  // none: it cleans up after a loss or an attempt
};

struct Acquired {};
struct AlreadyHeld {};
struct Busy {
  std::optional<Milliseconds> remaining_ttl;  // of the current record; none: it never expires
};
// Another caller of this object holds the lock, tries to get it, or waits for it.
struct BusyHere {};
using AcquireAnswer = std::variant<Acquired, AlreadyHeld, Busy, BusyHere, StoreFailure>;

// Answers one acquire_requested, in the step that handles it.
struct AnswerAcquire {
  RequestId request;
  AcquireAnswer answer;
};
// Answers every acquire_requested that has no answer yet.
struct ConcludeAcquire {
  AcquireAnswer answer;
};
// The attempt waits in the queue now, or its position has changed. Callers that joined the attempt
// get BusyHere: only the caller that began it waits.
struct NotifyWaiting {
  std::size_t position;
  // Of the current record; none: it never expires.
  std::optional<Milliseconds> remaining_ttl;
};
// Answers every refresh_requested that has no answer yet.
struct ConcludeRefresh {
  RefreshOutcome outcome;
};
// Answers a release_requested without a hold. With one, the reply to SendRelease is the answer.
struct ConcludeReleaseNotHeld {
  RequestId request;
};

struct NotifyAcquired {
  Fence fence;
};
struct NotifyRefreshed {};
struct NotifyLost {
  Fence fence;
  LossReason reason;
};
struct NotifyRefreshFailed {
  StoreFailure failure;
  Milliseconds left;  // until the hold ends, unless a later refresh succeeds
};

using Action = std::variant<SendAttempt, SendHeartbeat, SendRefresh, SendRelease, AnswerAcquire,
                            ConcludeAcquire, ConcludeRefresh, ConcludeReleaseNotHeld, NotifyWaiting,
                            NotifyAcquired, NotifyRefreshed, NotifyLost, NotifyRefreshFailed>;
// Most steps have up to two actions, which need no allocation.
using Actions = boost::container::small_vector<Action, 2>;

// --- the machine -------------------------------------------------------------------------------

class LockMachine {
 public:
  LockMachine(LockSettings settings, std::array<std::uint8_t, 16> owner_id);

  // Without `wait`: one try.
  [[nodiscard]] Actions acquire_requested(RequestId request, AcquireMode mode,
                                          const std::optional<Wait>& wait, Instant now);
  [[nodiscard]] Actions attempt_replied(Ticket ticket, const Answer<AttemptReply>& answer,
                                        Instant now);
  // The caller gives the attempt up, whatever its result will be.
  [[nodiscard]] Actions attempt_abandoned(Ticket ticket, Instant now);

  [[nodiscard]] Actions heartbeat_replied(Ticket ticket, Instant requested_at,
                                          const Answer<HeartbeatReply>& answer, Instant now);
  // May come any number of times, for any ticket, late or forged.
  [[nodiscard]] Actions wake_up_pushed(const WakeUp& wake_up, Instant now);
  // Pushes may have been lost.
  [[nodiscard]] Actions pushes_resumed(Instant now);
  // Sets the maximum pause between two heartbeats. Above one heartbeat interval, those far from the
  // front are sparse (docs/decisions/0025-sparse-heartbeats.md). It is below one if the store
  // cannot push.
  void set_max_heartbeat_pause(Milliseconds pause);
  // Another waiter of this process shares the fate of this one from now on: if its entry counts as
  // alive for longer than the new maximum pause allows, a heartbeat says so at once.
  [[nodiscard]] Actions max_heartbeat_pause_cut(Instant now);

  [[nodiscard]] Actions refresh_requested(Instant now);
  [[nodiscard]] Actions refresh_replied(Ticket ticket, Instant requested_at,
                                        const Answer<RefreshReplyStatus>& answer, Instant now);
  // Keeps the name closed for `time` from now on, even if the hold ends before: this request and
  // later ones about the record set its ttl accordingly (docs/decisions/0020-once-per-period.md).
  // Otherwise as refresh_requested(), also if nothing is held.
  [[nodiscard]] Actions hold_at_least_requested(Milliseconds time, Instant now);
  // `done_for`: see ReleaseRequest.
  [[nodiscard]] Actions release_requested(RequestId request, Instant now,
                                          std::optional<Milliseconds> done_for = std::nullopt);
  // The release of `ticket` was answered, with any result. Until then, an object whose release
  // writes a mark sends no attempt: its newer ticket could overtake the release and take the record
  // over. No effect in any other state.
  void release_answered(Ticket ticket);
  // The release could not be sent: there was no memory.
  void release_not_sent() { recording_.reset(); }
  // Ends the hold and leaves the record to its ttl, or to another process that knows its owner.
  [[nodiscard]] Actions detached(Instant now);

  // Time has passed. Call it at next_wake() at the latest.
  [[nodiscard]] Actions woken(Instant now);
  // held() has returned false to a caller because safe_until() had passed: that is final.
  [[nodiscard]] Actions belief_ended(Instant now);
  // The store's clock jumped by up to `step`. Positive is forward: records expire earlier by that
  // time. Negative is backward: they live longer.
  [[nodiscard]] Actions store_clock_stepped(std::chrono::microseconds step, Instant now);

  // The store's clock may run faster than ours by `drift` from now on, so records expire earlier by
  // that part of their ttl. A hold that counts with a smaller drift is shortened and refreshed at
  // once.
  [[nodiscard]] Actions store_clock_drifts(Drift drift, Instant now);
  [[nodiscard]] Drift drift() const noexcept { return drift_; }

  struct Hold {
    Owner owner;
    Fence fence;
    Instant safe_until;
  };
  [[nodiscard]] std::optional<Hold> hold() const;
  // The ticket of the attempt that was sent or that waits.
  [[nodiscard]] std::optional<Ticket> attempting() const;
  // A release with a mark is not answered yet; see release_answered().
  [[nodiscard]] bool is_recording() const { return recording_.has_value(); }
  [[nodiscard]] std::optional<Instant> next_wake() const;
  [[nodiscard]] const LockSettings& settings() const noexcept { return settings_; }
  // Constant, like the settings.
  [[nodiscard]] const std::array<std::uint8_t, 16>& owner_id() const noexcept { return owner_id_; }

  // When the next refresh is due, if it has not been planned. A refresh without a plan is sent when
  // it is due. plan_refresh() sets a time for it, which should not be later (refresh_planner.hpp).
  [[nodiscard]] std::optional<Instant> refresh_to_plan() const;
  void plan_refresh(Instant at);

 private:
  struct Idle {};
  struct Attempting {
    Ticket ticket;
    Instant requested_at;
    std::optional<Wait> wait{};
    // A wake-up overtook the reply, or pushes resumed and one may have been lost before.
    bool heartbeat_at_once = false;
  };
  struct Waiting {
    Ticket ticket;
    Wait wait;
    std::size_t position;
    Milliseconds pause;  // that the last request's alive_for allows
    Instant heartbeat_due;
    bool heartbeat_in_flight = false;
    bool heartbeat_again = false;  // the heartbeat in flight may be older than the last wake-up
    int heartbeat_failures = 0;
    std::shared_ptr<const StoreFailure> last_failure{};  // null: the last heartbeat was answered
  };
  struct Held {
    Ticket ticket;
    Fence fence;
    Instant safe_until;
    Instant record_gone_by;  // no request sent so far can make the record live longer
    Instant refresh_due;
    Instant refresh_at;  // the planned time, or refresh_due
    bool is_planned = false;
    int refresh_failures = 0;
    bool refresh_in_flight = false;
    bool refresh_called_for = false;  // a caller waits in refresh()
    // See hold_at_least_requested(): what was requested, and what the store has confirmed.
    Instant closed_until{};
    Instant surely_closed_until{};
    bool is_refreshed_again = false;  // the refresh in flight does not contain closed_until
  };

  [[nodiscard]] Owner owner(Ticket ticket) const {
    return Owner{.id = owner_id_, .ticket = ticket};
  }
  [[nodiscard]] ReleaseRequest release_of(Ticket ticket) const {
    return ReleaseRequest{
        .key = settings_.key, .owner = owner(ticket), .barging_limit = settings_.barging_limit};
  }
  void send_attempt(const std::optional<Wait>& wait, Instant now, Actions& actions);
  void begin_waiting(const Attempting& attempt, const AttemptReply& reply, Instant now,
                     Actions& actions);
  void still_waiting(Waiting& waiting, Instant requested_at, const HeartbeatReply& reply,
                     Instant now, Actions& actions);
  void send_heartbeat_if_waiting(Instant now, Actions& actions);
  void send_heartbeat(Waiting& waiting, Instant now, Actions& actions);
  void heartbeat_failed(Waiting& waiting, const StoreFailure& failure, Instant now,
                        Actions& actions);
  void stop_waiting(AcquireAnswer answer, Instant now, Actions& actions);
  void look_after_waiting(Waiting& waiting, Instant now, Actions& actions);
  [[nodiscard]] Milliseconds pause_at(std::size_t position) const;
  [[nodiscard]] Milliseconds alive_for(const Wait& wait, Milliseconds pause, Instant now) const;
  void lose_if_over(Instant now, Actions& actions);
  void lose(LossReason reason, Instant now, Actions& actions);
  // The time from `now` until `closed_until`. None: it has passed.
  [[nodiscard]] static std::optional<Milliseconds> closed_for(Instant closed_until, Instant now);
  // Handles a grant in the reply to a request that was sent at requested_at.
  void hold_or_give_back(Ticket ticket, Fence fence, Instant requested_at, Instant now,
                         Actions& actions);
  void send_refresh(Held& held, Instant now, Actions& actions);
  void refresh_failed(Held& held, const StoreFailure& failure, Instant now, Actions& actions);
  void give_back(Ticket ticket, Instant pointless_after, Actions& actions,
                 std::optional<Milliseconds> closed_for = std::nullopt) const;
  static void refresh_next(Held& held, Instant due);
  static void refresh_unplanned(Held& held, Instant at);
  [[nodiscard]] Instant latest_expiry(Instant request_abandoned_at) const;
  [[nodiscard]] Instant latest_expiry(Instant request_abandoned_at, Milliseconds ttl) const;

  LockSettings settings_;                  // never changes
  std::array<std::uint8_t, 16> owner_id_;  // never changes
  Ticket last_ticket_ = 0;
  // Of a hold that has ended. Until then this object sends no attempt either: the store may not
  // know yet that the name stays closed, and a newer ticket would take the record over.
  Instant closed_until_{};
  std::optional<Ticket> recording_;
  Fence highest_fence_;
  Drift drift_ = usual_drift;
  Milliseconds heartbeat_pause_;
  std::optional<StoreTime> arrived_at_;  // when this call joined the queue: keeps its place
  std::variant<Idle, Attempting, Waiting, Held> state_;
};

}  // namespace exclusive_lock
