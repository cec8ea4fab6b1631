#pragma once
// Watches a run, and remembers the first thing that is against a guarantee. Knows true time, the
// store's data and what every lock object believes; shares no code with what it checks.
//
// Loss of data is the one exception that G1 names: a hold whose grant the store has forgotten may
// overlap others until its holder hears of it. Such a grant is of an older *age*; where the store
// finds the record again (a replica that had it), it is of the present age once more.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/seen.hpp"

namespace exclusive_lock::sim {

struct Violation {
  std::string checker;
  std::string key;
  std::string what;
};

// What a lock object shows to its user at one instant.
struct ShownHold {
  const std::string& key;
  Owner owner;
  Instant safe_until;
  Instant now;  // by its own clock
  Instant safe_until_truly;
  // Since when its process runs without a pause, by that clock; none: it is paused.
  std::optional<Instant> awake_since;
};

// What a lock object asks for, waits for or holds: one of them, or nothing.
struct Wanted {
  const std::string& key;
  const OwnerId& id;
  std::optional<Ticket> attempts;
  std::optional<Ticket> holds;
  // How long what it gives up may still be there.
  Instant::duration leaves_within;
};

// True time.
struct Span {
  Instant from;
  Instant to;
  [[nodiscard]] Instant::duration length() const { return to - from; }
};

// The latest that an alarm rings in a process that runs (process.cpp), and then some.
inline constexpr Milliseconds latest_alarm{100};

// remaining_ttl is rounded up to whole milliseconds.
inline constexpr Milliseconds rounding{1};

class Checkers {
 public:
  void object_made(const OwnerId& id, std::string name, ProcessId process, Milliseconds ttl);
  // Whether the store takes this process for a listener.
  void heard(ProcessId process, bool is_heard) { is_heard_[process] = is_heard; }
  // In the calm. Whose requests name a channel is passed over where the store counts no listener.
  void counts_on_pushes(ProcessId process, const std::string& name);

  void store_stepped(const StoreStep& step);
  // Somebody else changed the record.
  void record_changed(const std::string& key, const Seen& after, Instant gone_at);
  // As MemoryStore's: a replica that falls behind, its promotion, a restart without data.
  void replica_lagged();
  void replica_promoted();
  void wiped() { data_lost(); }
  // Every record expires earlier than was counted on: the grants so far are excused, as above,
  // until their process is told of the step.
  void clock_stepped(StoreTime by, Instant now);
  // From the start to the end: what a process believes in is excused until it counts with that.
  void clock_is_slewed() { is_slewed_ = true; }
  // A process compared its clock with the store's, as it was at some time of `span`.
  struct ClockSeen {
    bool as_stepped;
    bool as_slewed;
  };
  void clock_looked_at(ProcessId process, const Span& span, const ClockSeen& seen);
  // All is calm from now on, and what was on its way before has come.
  void settled() { is_settled_ = true; }
  // Of an object of a live process, after every event, since it is calm and settled: what waits is
  // served in time, and what is given up goes.
  void wants(const Wanted& wanted, Instant since, Instant now);
  void shown(const std::vector<ShownHold>& holds);
  // A holder was told that its record is gone.
  void told_gone(const std::string& key, const Owner& owner);
  // A write reached the guarded resource.
  void written(const std::string& key, const Owner& by, Fence fence, bool was_accepted);

  // G12. The work of that hold succeeded, and is going to be released as done.
  void run_succeeded(const std::string& key, const Owner& owner);
  // `now` is the store's time; `closed` is the period without the tolerance.
  void run_began(const std::string& key, const Owner& owner, StoreTime now, Milliseconds closed);
  // Because of a run that began then, as the store said at its time `now`.
  void skipped(const std::string& key, StoreTime began, StoreTime now, Milliseconds closed);
  // A lock object is about to ask that the name stays closed for so long; and was told that it
  // does.
  void may_close(const OwnerId& id, Milliseconds time);
  void is_closed(const std::string& key, const Owner& owner, StoreTime until);
  // Times of the store compare within one age: a step of its clock or a loss of data ends it.
  [[nodiscard]] std::uint64_t age() const noexcept { return age_; }

  void violated(const char* checker, const std::string& key, std::string what);
  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  [[nodiscard]] std::string name(const Owner& owner) const;
  [[nodiscard]] std::uint64_t grants() const { return grants_; }
  [[nodiscard]] std::uint64_t hand_overs() const { return hand_overs_; }

 private:
  struct ClockStep {
    StoreTime by;
    Instant at;
  };
  // What a process knows of the store's clock.
  struct ClockLook {
    Span span;
    std::size_t steps = 0;     // that there had been
    std::uint64_t age = 0;     // of the grants of then
    bool is_definite = false;  // no step came between request and reply
  };
  using TicketId = std::pair<OwnerId, Ticket>;
  struct Object {
    std::string name;
    ProcessId process;
    Milliseconds ttl;
    std::optional<StoreTime> alive_until;
    Milliseconds alive_for{};  // that the last request of a waiter asked for
    bool was_heard_in_calm = false;
    std::optional<Ticket> ended;             // a hold of it that was seen to be over
    std::optional<Instant> granted_since{};  // and it does not hold it yet
    std::optional<Ticket> wanted{};
    struct GivenUp {
      Ticket ticket;
      Instant at;
      std::optional<Instant> there_since{};
    };
    std::vector<GivenUp> given_up{};  // not long ago
    Milliseconds max_closed{};        // that it ever asked for
  };
  struct Grant {
    Fence fence;
    std::uint64_t age;
    std::uint64_t given_in{};  // the age of the store then
  };
  struct Success {
    StoreTime began;
    std::optional<std::uint64_t> age;
  };
  struct Closed {
    Owner by;
    StoreTime until;
    std::uint64_t age;
  };
  struct Heartbeats {
    StoreTime since;
    int count = 0;
    int wake_ups = 0;  // each is answered by a heartbeat
  };
  struct Lock {
    Seen seen;
    Instant record_gone_at;
    Fence highest;
    std::uint64_t highest_written = 0;  // order of the grant
    std::set<TicketId> entered;
    std::set<TicketId> not_found;  // by a refresh
    std::map<TicketId, Grant> grants;
    std::set<TicketId> begun_again;             // by a repeated attempt, and not granted since
    std::map<Fence, std::uint64_t> orders;      // of the grants
    std::optional<Fence> not_taken_up;          // of a record that was handed over
    std::size_t gone_past = 0;                  // grants in a row, past those who wait
    std::map<TicketId, Heartbeats> heartbeats;  // since it is calm
    std::set<TicketId> succeeded;               // runs
    std::vector<Success> successes;             // those of them that the store was told of
    std::optional<Closed> closed;
  };

  static void note_repetition(const StoreStep& step, Lock& lock);
  void check_owner(const StoreStep& step);
  void check_grant(const StoreStep& step, Lock& lock);
  void check_ttl(const StoreStep& step, const Lock& lock);
  void check_line(const StoreStep& step, Lock& lock);
  void check_served(const StoreStep& step, Lock& lock);
  void check_taken_up(const StoreStep& step, Lock& lock);
  void check_gone_past(const StoreStep& step, Lock& lock, const Owner& waiter);
  void check_woken(const StoreStep& step);
  void check_entries(const StoreStep& step, Lock& lock);
  void check_heartbeats(const StoreStep& step, Lock& lock);
  void check_stays_alive(const StoreStep& step);
  void check_sparse(const StoreStep& step);
  void check_done(const StoreStep& step, Lock& lock);
  void check_closed(const StoreStep& step, Lock& lock);
  [[nodiscard]] bool is_alive(const SeenWaiter& waiter, StoreTime now) const;
  [[nodiscard]] static Milliseconds longest_pause(const Object& object);
  [[nodiscard]] static bool is_cut_by_deadline(const Object& object);
  void check_free(const std::string& key, const Owner& owner, Instant since, Instant now);
  void check_granted(const Wanted& wanted, Instant now);
  void check_given_up(const Wanted& wanted, Instant now);
  void check_hold(const ShownHold& hold);
  void trust_again(ProcessId process, std::uint64_t age);
  [[nodiscard]] bool counts_right(const Owner& owner) const;
  void data_lost();

  std::map<OwnerId, Object> objects_;
  std::map<ProcessId, bool> is_heard_;
  std::map<std::string, Lock> locks_;
  std::map<OwnerId, std::optional<StoreTime>> alive_in_replica_;
  std::vector<ClockStep> clock_steps_;
  std::map<ProcessId, ClockLook> clock_looks_;
  bool is_slewed_ = false;
  std::set<ProcessId> know_of_slew_;
  bool is_settled_ = false;
  std::uint64_t age_ = 0;
  std::uint64_t grants_ = 0;
  std::uint64_t hand_overs_ = 0;
  std::optional<Violation> violation_;
};

}  // namespace exclusive_lock::sim
