#pragma once
// The values that core, stores and runtime exchange: requests to a store and its replies. To add a
// verb, add a request, a reply, a function in Store, one in the memory store (the specification)
// and in each other store, and a conformance test.

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

// Identifies a hold: the random id of the lock object and the ticket of its attempt.
struct Owner {
  std::array<std::uint8_t, 16> id{};
  Ticket ticket = 0;
  friend bool operator==(const Owner&, const Owner&) = default;
};

// The wall clock of a store, as time since its epoch. Its records expire by it. Only the difference
// of two readings of one store is used.
using StoreTime = std::chrono::microseconds;

// The latest arrival that is valid: Lua and the scores of Redis represent every integer up to it
// exactly. This library writes no later one.
inline constexpr StoreTime last_arrival{(std::int64_t{1} << 53) - 1};

// A request that got no usable reply. If may_have_run is true, the store may have carried it out or
// may still do so.
struct StoreFailure {
  std::error_code code;
  std::string message;  // what happened, what it means, what to do; escaped, without secrets
  bool may_have_run = false;
  // The store did not fail: the request reached it after the deadline.
  bool is_time_over = false;
};

// --- requests and replies ----------------------------------------------------------------------

// Makes an attempt wait in the queue if another worker holds the lock
// (docs/decisions/0008-fair-hand-over.md).
struct WaitOptions {
  // How long the entry counts as alive after the store has carried out the request; a heartbeat
  // renews it. At least 1 ms.
  Milliseconds alive_for;
  // How long the record of a hand-over lives unless it is confirmed. At least 1 ms, at most the
  // ttl.
  Milliseconds confirm_ttl;
  // The arrival in the reply to an earlier ticket of this call, whose entry may be gone. None, or a
  // value that is not positive: the entry joins at the end of the queue.
  std::optional<StoreTime> arrived_at{};
  std::size_t max_waiting = 10'000;
};

struct AttemptRequest {
  std::string key;
  Owner owner;
  Milliseconds ttl;
  // The record without owner, fence and since, which the store adds (record_codec.hpp).
  std::string record_tail;
  // The highest fence of this name that the requesting object has seen; the new fence is higher
  // (G2).
  Fence floor;
  // If the request reaches the store later than this, it is not granted: its sender has given up.
  Instant not_after;
  // The record outlives this process (Options::detached): a store that frees the locks of dead
  // processes leaves this one alone.
  bool detached = false;
  std::optional<WaitOptions> wait_options{};  // none: one try
  // A free lock is granted although others wait, if fewer grants in a row than this have passed the
  // first of them (docs/decisions/0011-barging.md).
  std::size_t barging_limit = 0;
};

enum class AttemptReplyStatus {
  granted,  // the record belongs to this owner: it was written now, taken over from an older ticket
            // of the same object, or written by an earlier copy of this request
  busy,     // another holder's record is there, or others wait
  waiting,  // an entry of this ticket is in the queue, from now or from before
  queue_full,  // the queue has its maximum number of waiters, none of them known to be dead; no
               // change
  superseded,  // a newer ticket of the same lock object is there: this request was overtaken
  too_late,    // the request arrived after not_after; no change
};

struct AttemptReply {
  AttemptReplyStatus outcome;
  Fence fence;  // granted: the new one; else the highest that the store knows for this name, or 0
  // Of the record after the call. None: it never expires, or it is not known (too_late).
  std::optional<Milliseconds> remaining_ttl;
  // Read once, while the request was carried out. None: the store's records expire by our clock.
  std::optional<StoreTime> store_time;
  std::size_t position = 0;               // waiting: 1 for the first waiter
  std::optional<StoreTime> arrived_at{};  // waiting: keeps the place, see WaitOptions
};

// A heartbeat of a waiter. It never creates an entry, so a ticket joins the queue once and is
// granted once.
struct HeartbeatRequest {
  std::string key;
  Owner owner;
  Milliseconds ttl;        // the new remaining ttl of a record that was handed over
  Milliseconds alive_for;  // see WaitOptions
};

enum class HeartbeatReplyStatus {
  granted,  // the record belongs to this ticket
  waiting,  // an entry of this ticket is in the queue
  gone,     // neither
};

struct HeartbeatReply {
  HeartbeatReplyStatus outcome;
  Fence fence{};             // granted
  std::size_t position = 0;  // waiting
  // waiting: of the current record; none: it never expires.
  std::optional<Milliseconds> remaining_ttl{};
  std::optional<StoreTime> store_time{};
};

// A push from a store to a waiter: the lock was handed over to it, or the lock is free and it is
// the first in line. The push proves nothing and may be forged: the waiter sends a heartbeat at
// once, and the reply decides (docs/decisions/0008-fair-hand-over.md).
struct WakeUp {
  Owner owner;
};

struct RefreshRequest {
  std::string key;
  Owner owner;
  Milliseconds ttl;  // the new remaining ttl; at least 1 ms
  // True: from now on the record outlives its process, as with a detached attempt.
  bool detached = false;
};

enum class RefreshReplyStatus { refreshed, lost };

struct RefreshReply {
  std::vector<RefreshReplyStatus> verdicts;  // one for each request, in order
  std::optional<StoreTime> store_time;
  // How long the store could serve no other client meanwhile. None: not known or not relevant.
  std::optional<std::chrono::microseconds> took{};
};

// Deletes the record and the queue entry of this owner id, if their ticket is this one or an older
// one, which an attempt with an unknown outcome may have left. The same step hands the free lock to
// the first live waiter. But if fewer grants in a row than `barging_limit` have passed that
// waiter, the lock stays free and the waiter gets a wake-up.
struct ReleaseRequest {
  std::string key;
  Owner owner;
  std::size_t barging_limit = 0;
  // The work under the lock was done. The store keeps a mark that says so for this time, or for
  // what remains of an older mark's time if that is longer
  // (docs/decisions/0020-once-per-period.md). At least 1 ms.
  std::optional<Milliseconds> done_for{};
  // The record is not deleted but stays for this time with closed_ticket as its ticket: the lock
  // has no holder, and no one gets it. At least 1 ms. None: the record is deleted.
  std::optional<Milliseconds> closed_for{};
};

// Newer than the ticket of any attempt, so no request of the lock object changes the record.
inline constexpr Ticket closed_ticket = ~Ticket{0};

enum class ReleaseReplyStatus {
  released,   // the record is gone
  left,       // there was no record of this owner, but an entry in the queue, which is gone
  not_owner,  // neither
};

// Without a store time: a store need not read its clock for a release.
struct ReleaseReply {
  ReleaseReplyStatus verdict;
  // Set if a requested mark could not be written; the verdict is valid all the same.
  std::shared_ptr<const StoreFailure> mark_failure{};
};

struct StoredWaiter {
  Owner owner;
  std::optional<StoreTime> arrived_at;  // by the store's wall clock, since 1970
  // The beginning of the record tail of its attempt: enough for host, pid and label.
  std::string tail_head;
};
// The size of that beginning: host, pid and the longest label fit, even if all is escaped.
inline constexpr std::size_t waiter_tail_head_size = 2048;
// How many waiters of one lock inspect() shows, from the first on.
inline constexpr std::size_t max_waiters_shown = 100;

struct StoredRecord {
  std::string key;
  std::string value;
  std::optional<Milliseconds> remaining_ttl;  // none: it never expires by itself
  std::size_t waiting = 0;                    // the number of waiters in the queue
  // In order; inspect() fills in the first max_waiters_shown, list() none.
  std::vector<StoredWaiter> waiters{};
};

// The mark of a release of `key`, and the store's wall clock when the mark was read.
struct StoredMark {
  std::string key;
  std::string value;  // core/done_mark.hpp
  StoreTime read_at;
};

struct InspectReply {
  std::optional<StoredRecord> record;  // none: no holder
  std::optional<StoredMark> mark{};
};

struct ListReply {
  std::vector<StoredRecord> records;  // in no order
  bool truncated = false;             // there were more than requested
};

struct ListMarksReply {
  std::vector<StoredMark> marks;  // in no order
  bool truncated = false;
};

struct RemoveReply {
  bool removed;  // false: the stored value was not the expected one
};

struct ForgetReply {
  bool forgotten;  // false: there was no mark
};

// --- the answer to a request -------------------------------------------------------------------

template <class Reply>
using Answer = std::variant<Reply, StoreFailure>;

}  // namespace exclusive_lock
