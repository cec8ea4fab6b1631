#pragma once
// One lock object as a state machine: the only place that decides whether it holds the lock.
//
// It has no clock, no socket and no thread. Its inputs are events, each with the instant at which
// it is looked at; its output is a list of actions for whoever drives it (runtime/lock_handle.cpp,
// the simulation). Instants must not go backwards from call to call.
//
//   state       meaning                         leaves it
//   idle        holds nothing                   acquire_requested -> attempting
//   attempting  one attempt is on its way       reply, granted in time -> held
//                                               reply, waiting -> waiting
//                                               any other reply, abandoned -> idle
//   waiting     an entry of its ticket is in    granted, by a heartbeat's reply -> held
//               the queue, as far as it knows   gone from there -> attempting, under a new ticket
//                                               patience over, abandoned, refused -> idle
//   held        believed until safe_until()     released, detached -> idle
//                                               lost (record gone, safe_until() passed, the store's
//                                               clock stepped) -> idle
//
// Rules, each of which has a test that names it and a mutant in the simulation:
// - Every input first looks whether safe_until() has passed. If it has, the hold is lost before the
//   input is even considered, so that no late reply revives it (G5).
// - A hold counts from the instant before its request was sent (G1): requests carry requested_at
//   with them.
// - An attempt whose outcome is unknown is given back, and never repeated under its ticket (G4).
// - Release ends the belief first and talks to the store afterwards.
// - Giving back names a ticket: it removes that record or an older one of this object, never a
//   newer one, so it may be late, repeated or overtaken.
//
// - A push is a wake-up and nothing more: it makes a waiter send a heartbeat at once. Only the
//   store's reply to a request begins a hold or raises the highest known fence (decisions/0008).
//
// Whoever adds an event: say what it does in each of the four states, and test all four.
// lock_machine_waiting.cpp has what happens while waiting, lock_machine_closing.cpp how it leaves.

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

namespace exclusive_lock {

struct LockSettings {
  std::string key;
  SharedText record_tail;
  Milliseconds ttl;
  Milliseconds refresh_interval;
  bool auto_refresh;
  bool detached;
  Milliseconds command_timeout;  // how long the answer to a request is waited for
  std::size_t queue_limit = 10'000;
  std::size_t barging_streak = 0;
};

// What an object that holds the lock already is to answer (exclusive_lock.hpp, "States").
enum class AcquireMode {
  as_object,  // acquire(): yes
  as_mutex,   // lock(): wait, like any other thread
};

// That the caller is ready to wait in the queue.
struct Wait {
  std::optional<Instant> until;  // none: for ever
  // The same call as before, which trouble ended: it keeps the place that it had.
  bool resumes = false;
};

// --- actions -----------------------------------------------------------------------------------

struct SendAttempt {
  AttemptRequest request;
  Instant requested_at;
  Instant answer_by;  // the command timeout, or the caller's deadline where that is sooner
};
struct SendBeat {
  BeatRequest request;
  Instant requested_at;
};
struct SendRefresh {
  RefreshRequest request;
  Instant requested_at;
};
// Release this owner's record, and keep trying until the store has answered or `pointless_after`
// has come, when the record is gone by itself.
struct SendRelease {
  ReleaseRequest request;
  Instant pointless_after;
  bool called_for;  // somebody waits in release(); otherwise it tidies up behind a loss or a lost
                    // attempt
};

struct Acquired {};
struct AlreadyHeld {};
struct Busy {
  std::optional<Milliseconds> remaining_ttl;  // of the record in the way; none: it never expires
};
// Another thread holds, tries or awaits it through this very object.
struct BusyHere {};
using AcquireAnswer = std::variant<Acquired, AlreadyHeld, Busy, BusyHere, StoreFailure>;

// An answer to the acquire_requested that is looked at just now, and to no other.
struct AnswerAcquire {
  AcquireAnswer answer;
};
// An answer to every acquire_requested that was not answered before.
struct ConcludeAcquire {
  AcquireAnswer answer;
};
// The attempt waits in the queue now, or has another place there than before. Whoever joined it is
// to be told BusyHere: only the one that began it waits.
struct TellWaiting {
  std::size_t position;
  // Of the record in the way; none: it never expires by itself.
  std::optional<Milliseconds> remaining_ttl;
};
enum class RefreshConclusion { refreshed, not_held, lost, unknown };
// An answer to every refresh_requested that was not answered before.
struct ConcludeRefresh {
  RefreshConclusion conclusion;
};
// Nothing was held; a release that was sent is answered by the reply to it.
struct ConcludeReleaseNotHeld {};

struct TellAcquired {
  Fence fence;
};
struct TellRefreshed {};
struct TellLost {
  Fence fence;
  LossReason reason;
};
struct TellRefreshFailed {
  StoreFailure failure;
  Milliseconds left;  // of the hold, unless a later refresh succeeds
};

using Action = std::variant<SendAttempt, SendBeat, SendRefresh, SendRelease, AnswerAcquire,
                            ConcludeAcquire, ConcludeRefresh, ConcludeReleaseNotHeld, TellWaiting,
                            TellAcquired, TellRefreshed, TellLost, TellRefreshFailed>;
// In place: most steps have none to two, which then cost no allocation.
using Actions = boost::container::small_vector<Action, 2>;

// --- the machine -------------------------------------------------------------------------------

class LockMachine {
 public:
  LockMachine(LockSettings settings, std::array<std::uint8_t, 16> owner_id);

  // No `wait`: one try.
  [[nodiscard]] Actions acquire_requested(AcquireMode mode, const std::optional<Wait>& wait,
                                          Instant now);
  [[nodiscard]] Actions attempt_replied(Ticket ticket, const Answer<AttemptReply>& answer,
                                        Instant now);
  // The caller does not want it any more, whatever comes of it.
  [[nodiscard]] Actions attempt_abandoned(Ticket ticket, Instant now);

  [[nodiscard]] Actions beat_replied(Ticket ticket, Instant requested_at,
                                     const Answer<BeatReply>& answer, Instant now);
  // Any number of times, for any ticket, however late, true or forged.
  [[nodiscard]] Actions wake_up_pushed(const WakeUp& wake_up, Instant now);
  // Pushes may have been lost.
  [[nodiscard]] Actions pushes_resumed(Instant now);
  // The longest pause between two beats from now on, one heartbeat at most: shorter where the store
  // does not push.
  void beat_every(Milliseconds pause);

  [[nodiscard]] Actions refresh_requested(Instant now);
  [[nodiscard]] Actions refresh_replied(Ticket ticket, Instant requested_at,
                                        const Answer<RefreshVerdict>& answer, Instant now);
  // The name stays closed for that long from now, whatever becomes of the hold: this and later
  // requests about it see to that (docs/decisions/0020-once-per-period.md). Not held: as
  // refresh_requested(), which it is otherwise too.
  [[nodiscard]] Actions hold_at_least_requested(Milliseconds time, Instant now);
  // `done_for`: see ReleaseRequest.
  [[nodiscard]] Actions release_requested(Instant now,
                                          std::optional<Milliseconds> done_for = std::nullopt);
  // Of release_requested(), whatever the answer. Until then an object whose release leaves a mark
  // does not ask again, for its newer ticket may come first and take the record over. In any other
  // state it changes nothing.
  void release_answered(Ticket ticket);
  // It ended before anything was sent: there was no memory for it.
  void release_not_sent() { recording_.reset(); }
  // The record is left to its ttl, or to somebody who knows its owner.
  [[nodiscard]] Actions detached(Instant now);

  // Time has passed: to be called at next_wake() at the latest.
  [[nodiscard]] Actions woken(Instant now);
  // Somebody asked held() at an instant when the answer was no, and was told so: that is final.
  [[nodiscard]] Actions belief_ended(Instant now);
  // The store's clock jumped by up to `step`: forward, and records go that much earlier than was
  // counted on; backward, and they stay longer.
  [[nodiscard]] Actions store_clock_stepped(std::chrono::microseconds step, Instant now);

  // The store's clock may run so much faster than ours from now on: records go earlier by that part
  // of their ttl. A hold that was counted with less is shortened, and refreshed at once.
  [[nodiscard]] Actions store_clock_drifts(Drift drift, Instant now);
  [[nodiscard]] Drift drift() const noexcept { return drift_; }

  struct Hold {
    Owner owner;
    Fence fence;
    Instant safe_until;
  };
  [[nodiscard]] std::optional<Hold> hold() const;
  // Of the attempt that is on its way or waits.
  [[nodiscard]] std::optional<Ticket> attempting() const;
  // See release_answered().
  [[nodiscard]] bool is_recording() const { return recording_.has_value(); }
  [[nodiscard]] std::optional<Instant> next_wake() const;
  [[nodiscard]] const LockSettings& settings() const noexcept { return settings_; }
  // Never changes, as the settings.
  [[nodiscard]] const std::array<std::uint8_t, 16>& owner_id() const noexcept { return owner_id_; }

  // When the next refresh is due, if nobody has planned it yet. One that is not planned is made
  // when it is due; one that is, at that instant, which should not be later (refresh_calendar.hpp).
  [[nodiscard]] std::optional<Instant> refresh_to_plan() const;
  void plan_refresh(Instant at);

 private:
  struct Idle {};
  struct Attempting {
    Ticket ticket;
    Instant requested_at;
    std::optional<Wait> wait{};
    // A wake-up overtook the reply; or pushes came from then on, and one may have been lost before.
    bool beats_at_once = false;
  };
  struct Waiting {
    Ticket ticket;
    Wait wait;
    std::size_t position;
    Instant beat_due;
    bool beat_in_flight = false;
    bool beat_again = false;  // what is in flight may be older than what we want to know
    int beat_failures = 0;
    std::shared_ptr<const StoreFailure> trouble{};  // null: the last beat was answered
  };
  struct Held {
    Ticket ticket;
    Fence fence;
    Instant safe_until;
    Instant record_gone_by;  // no request sent so far can have made the record live longer
    Instant refresh_due;
    Instant refresh_at;  // planned, or the same
    bool is_planned = false;
    int refresh_failures = 0;
    bool refresh_in_flight = false;
    bool refresh_called_for = false;  // somebody waits in refresh()
    // See hold_at_least_requested(): what was asked for, and what the store is known to have heard.
    Instant closed_until{};
    Instant surely_closed_until{};
    bool is_refreshed_again = false;  // what is in flight does not know of closed_until
  };

  [[nodiscard]] Owner owner(Ticket ticket) const {
    return Owner{.id = owner_id_, .ticket = ticket};
  }
  [[nodiscard]] ReleaseRequest release_of(Ticket ticket) const {
    return ReleaseRequest{
        .key = settings_.key, .owner = owner(ticket), .barging_streak = settings_.barging_streak};
  }
  void send_attempt(const std::optional<Wait>& wait, Instant now, Actions& actions);
  void begin_waiting(const Attempting& attempt, const AttemptReply& reply, Instant now,
                     Actions& actions);
  void still_waiting(Waiting& waiting, Instant requested_at, const BeatReply& reply, Instant now,
                     Actions& actions);
  void look_at_once(Instant now, Actions& actions);
  void beat_soon(Waiting& waiting, Instant now, Actions& actions);
  void beat_failed(Waiting& waiting, const StoreFailure& failure, Instant now, Actions& actions);
  void stop_waiting(AcquireAnswer answer, Instant now, Actions& actions);
  void look_after_waiting(Waiting& waiting, Instant now, Actions& actions);
  [[nodiscard]] Milliseconds alive_for(const Wait& wait, Instant now) const;
  void lose_if_over(Instant now, Actions& actions);
  void lose(LossReason reason, Instant now, Actions& actions);
  // What is left of such a time.
  [[nodiscard]] static std::optional<Milliseconds> closed_for(Instant closed_until, Instant now);
  // Granted in the reply to a request sent then.
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
  // Of a hold that has ended: this object does not ask before either, for its newer ticket would
  // take over a record of which the store has not heard yet that it stays closed.
  Instant closed_until_{};
  std::optional<Ticket> recording_;
  Fence highest_fence_;
  Drift drift_ = usual_drift;
  Milliseconds beat_pause_;
  std::optional<StoreTime> arrived_at_;  // in the queue, in this call: keeps the place
  std::variant<Idle, Attempting, Waiting, Held> state_;
};

}  // namespace exclusive_lock
