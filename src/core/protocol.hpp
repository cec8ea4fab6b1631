#pragma once
// The words that core, stores and runtime speak with each other: requests to a store and its
// answers. Values only. Whoever adds a verb: give it a request, a reply, a line in Store, one in
// the memory store (the specification), one in each other store, and a conformance test.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <variant>
#include <vector>

#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/fence.hpp"

namespace exclusive_lock {

using Milliseconds = std::chrono::milliseconds;

// Grows with every attempt of one lock object, from 1. An attempt whose outcome is unknown is never
// repeated under its ticket (G4).
using Ticket = std::uint64_t;

// Who holds: the random id of a lock object, and the ticket of its attempt.
struct Owner {
  std::array<std::uint8_t, 16> id{};
  Ticket ticket = 0;
  friend bool operator==(const Owner&, const Owner&) = default;
};

// The wall clock of a store, by which its records expire, as time since its epoch. Only differences
// between two readings of one store mean anything here.
using StoreTime = std::chrono::microseconds;

// The latest place in a queue that is kept: Lua and the scores of Redis hold every integer up to
// here exactly. Whatever stands later was not written by us.
inline constexpr StoreTime last_arrival{(std::int64_t{1} << 53) - 1};

// A request without an answer that can be used. Where may_have_run is set, the store may have
// carried it out or may yet do so.
struct StoreFailure {
  std::error_code code;
  std::string message;  // what happened, what it means, what to do; fit for a terminal, no secrets
  bool may_have_run = false;
  // Nothing is wrong with the store: the time for the request was over before it was carried out.
  bool is_time_over = false;
};

// --- what a store is asked ---------------------------------------------------------------------

// What makes an attempt wait in the queue when somebody else has the lock
// (docs/decisions/0008-fair-hand-over.md).
struct Patience {
  // The entry counts as alive for this long after the store has carried the request out; beats
  // renew it. At least 1 ms.
  Milliseconds alive_for;
  // How long the record of a hand-over lives, unless it is refreshed. At least 1 ms, at most the
  // ttl.
  Milliseconds confirm_ttl;
  // The arrival that an earlier ticket of this object was told, whose entry may be gone; none, or
  // none that a store tells (it is positive): behind all others.
  std::optional<StoreTime> arrived_at{};
  std::size_t most_waiting = 10'000;
};

struct AttemptRequest {
  std::string key;
  Owner owner;
  Milliseconds ttl;
  // All of the record but owner, fence and since, which the store puts in front (record_codec.hpp).
  std::string record_tail;
  // The highest fence of this name that the asking lock object has seen; the new one is above it
  // (G2).
  Fence floor;
  // Not to be granted when the request reaches the store later than this: its sender has given up.
  Instant not_after;
  // The record outlives this process (Options::detached): a store that watches its holders does not
  // watch this one.
  bool detached = false;
  std::optional<Patience> patience{};  // none: one try
  // Where nobody holds the lock and others wait, it is granted all the same, if fewer grants in a
  // row than so many have gone past them (docs/decisions/0011-barging.md).
  std::size_t barging_streak = 0;
};

enum class AttemptOutcome {
  granted,  // the record is the asking owner's: just written, taken over from its own older ticket,
            // or found there because an earlier copy of this very request had been carried out
  busy,     // somebody else's record is there, or others wait for it
  waiting,  // an entry of this ticket is in the queue now, or was already
  queue_full,  // as many wait as may, all of them alive as far as was looked; nothing was done
  superseded,  // a newer ticket of the same lock object is there: this request was overtaken
  too_late,    // it arrived after not_after; nothing was done
};

struct AttemptReply {
  AttemptOutcome outcome;
  Fence fence;  // granted: the new one; otherwise the highest that the store knows for this name,
                // or 0
  // Of the record that is there after the call; none: it never expires by itself, or (too_late)
  // unknown.
  std::optional<Milliseconds> remaining_ttl;
  // Read once, while the request was carried out. None: the store expires by the same clock as
  // ours.
  std::optional<StoreTime> store_time;
  std::size_t position = 0;               // waiting: 1 for the next in line
  std::optional<StoreTime> arrived_at{};  // waiting: what keeps the place, see Patience
};

// "I still wait." Never makes an entry, so a ticket enters the queue once, and is granted once.
struct BeatRequest {
  std::string key;
  Owner owner;
  Milliseconds ttl;        // where the lock was handed over: what remains is set to this
  Milliseconds alive_for;  // see Patience
};

enum class BeatOutcome {
  granted,  // the record is this very ticket's
  waiting,  // its entry is in the queue
  gone,     // neither
};

struct BeatReply {
  BeatOutcome outcome;
  Fence fence{};             // granted
  std::size_t position = 0;  // waiting
  // waiting: of the record in the way; none: it never expires.
  std::optional<Milliseconds> remaining_ttl{};
  std::optional<StoreTime> store_time{};
};

// What a store pushes to a waiter of its own: the lock was handed over to it, or is free and it is
// the first in line. It proves nothing, whoever sent it: the waiter sends a heartbeat at once, and
// the reply to that decides (docs/decisions/0008-fair-hand-over.md).
struct WakeUp {
  Owner owner;
};

struct RefreshRequest {
  std::string key;
  Owner owner;
  Milliseconds ttl;  // what remains is set to this, never added to; at least 1 ms
  // From now on the record outlives its process, as that of a detached attempt.
  bool detached = false;
};

enum class RefreshVerdict { refreshed, lost };

struct RefreshReply {
  std::vector<RefreshVerdict> verdicts;  // one for each request, in order
  std::optional<StoreTime> store_time;
  // For how long the store could serve nobody else meanwhile; none: it cannot tell, or it does not
  // matter.
  std::optional<std::chrono::microseconds> took{};
};

// Deletes the record, and the queue's entry, if it is of this owner id with this ticket or an older
// one: an older one of the same lock object is a left-over of an attempt whose outcome was unknown.
// What becomes free is handed over in the same step; or, where fewer grants in a row than
// `barging_streak` have gone past those who wait, it stays free, and the first live one gets a
// wake-up.
struct ReleaseRequest {
  std::string key;
  Owner owner;
  std::size_t barging_streak = 0;
  // The work under the lock was done: a mark beside the lock says so for that long, or for as long
  // as the one before it would have (docs/decisions/0020-once-per-period.md). At least 1 ms.
  std::optional<Milliseconds> done_for{};
  // The record is not deleted, but stays for that long, with closed_ticket for its ticket: nobody
  // holds the lock, and nobody gets it. At least 1 ms; none: it is deleted.
  std::optional<Milliseconds> closed_for{};
};

// Newer than the ticket of any attempt, so that no request of the record's lock object touches it.
inline constexpr Ticket closed_ticket = ~Ticket{0};

enum class ReleaseVerdict {
  released,   // the record is gone
  left,       // there was no record of this owner, but an entry in the queue, and that is gone
  not_owner,  // neither
};

// Carries no time: a store need not read its clock to end a hold.
struct ReleaseReply {
  ReleaseVerdict verdict;
  // Where a mark was to be written, and was not; the verdict holds all the same.
  std::shared_ptr<const StoreFailure> mark_failure{};
};

struct StoredWaiter {
  Owner owner;
  std::optional<StoreTime> arrived_at;  // by the store's wall clock, since 1970
  // The beginning of the record tail it waits with: enough for host, pid and label.
  std::string tail_head;
};
// Of the tail: host, pid and label with the longest label, written in escapes, fit into it.
inline constexpr std::size_t waiter_tail_head_size = 2048;
// Of the waiters of one lock: inspect() shows so many, the first in line.
inline constexpr std::size_t most_waiters_shown = 100;

struct StoredRecord {
  std::string key;
  std::string value;
  std::optional<Milliseconds> remaining_ttl;  // none: it never expires by itself
  std::size_t waiting = 0;                    // how many are in the queue
  // In order; inspect() fills in the first most_waiters_shown, list() none.
  std::vector<StoredWaiter> waiters{};
};

// What a release left beside the lock of `key`, and the store's wall clock when it was read.
struct StoredMark {
  std::string key;
  std::string value;  // core/done_mark.hpp
  StoreTime read_at;
};

struct InspectReply {
  std::optional<StoredRecord> record;  // none: nobody holds it
  std::optional<StoredMark> mark{};
};

struct ListReply {
  std::vector<StoredRecord> records;  // in no order
  bool truncated = false;             // there were more than asked for
};

struct ListMarksReply {
  std::vector<StoredMark> marks;  // in no order
  bool truncated = false;
};

struct RemoveReply {
  bool removed;  // false: the value there was not (or no longer) the expected one
};

struct ForgetReply {
  bool forgotten;  // false: there was no mark
};

// --- how it is answered ------------------------------------------------------------------------

template <class Reply>
using Answer = std::variant<Reply, StoreFailure>;

}  // namespace exclusive_lock
