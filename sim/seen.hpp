#pragma once
// What a look at the store shows of one lock, and one step of the store between two looks.

#include <optional>
#include <string>
#include <vector>

#include "core/protocol.hpp"

namespace exclusive_lock::sim {

using OwnerId = std::array<std::uint8_t, 16>;
using ProcessId = std::size_t;

struct SeenWaiter {
  Owner owner;
  std::optional<StoreTime> arrived_at;  // none where the lock has no record
};

struct Seen {
  std::optional<std::string> value;  // of the record; none: there is none
  std::optional<Owner> owner;        // none: a stranger's
  Fence fence;
  std::optional<Milliseconds> remaining_ttl;
  std::vector<SeenWaiter> waiters;

  // In a long queue it is mostly found where it is expected.
  [[nodiscard]] const SeenWaiter* waiter(const OwnerId& id, std::size_t expected = 0) const {
    for (std::size_t place = expected == 0 ? 0 : expected - 1; place <= expected + 1; ++place) {
      if (place < waiters.size() && waiters[place].owner.id == id) {
        return &waiters[place];
      }
    }
    for (const SeenWaiter& each : waiters) {
      if (each.owner.id == id) {
        return &each;
      }
    }
    return nullptr;
  }
  [[nodiscard]] bool is_held_by(const OwnerId& id) const { return owner && owner->id == id; }
};

enum class Verb { attempt, heartbeat, refresh, release };

struct StoreStep {
  Verb verb;
  const std::string& key;
  Owner by;
  const Seen& before;
  const Seen& after;
  StoreTime store_now;
  Instant record_gone_at;  // truly, after the step
  // Of an attempt with wait options and a heartbeat: how long the entry is to count as alive.
  std::optional<Milliseconds> alive_for{};
  bool keeps_place = false;  // an attempt that names its arrival
  bool is_too_late = false;  // an attempt after its not_after
  bool is_repeated = false;  // an attempt that was carried out before; nobody hears the answer
  bool was_granted = false;  // the answer: the record is this ticket's
  bool was_refused = false;  // the answer: busy, or waiting
  bool still_waits = false;  // the answer: waiting
  // Of an attempt and a release: so many grants in a row may go past those who wait.
  std::size_t barging_limit = 0;
  std::vector<Owner> woken{};  // by this step
  bool is_done = false;        // a release that says so (G12)
};

}  // namespace exclusive_lock::sim
