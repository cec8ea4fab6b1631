#pragma once
// The store inside one process, and the specification that the others are held to (G9): what an
// answer must be is read in memory_table.cpp, and tests/conformance compares every store with it.
//
// One map from keys to values with an optional time to live, as in Redis; the highest fence of a
// record lies beside it under fence_key(). Every verb is one step under a mutex, answered before it
// returns; grants are pushed after that, before it returns. It is also the store of the simulation,
// so nothing here reads a clock that it was not given.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "os/clock.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

// The wall clock of a store, which may differ from ours in offset and rate, and be set.
class WallClockSource {
 public:
  virtual ~WallClockSource() = default;
  [[nodiscard]] virtual StoreTime now() const noexcept = 0;  // since 1970
};

// What tests and the simulation do to a store behind the library's back.
class MemoryStore : public Store {
 public:
  // As another program's SET; without a ttl the value stays.
  virtual void plant(std::string key, std::string value, std::optional<Milliseconds> ttl) = 0;
  // As another program's DEL.
  virtual void erase(std::string_view key) = 0;
  // As a restart without data, or FLUSHALL.
  virtual void wipe() = 0;
  // As a replica that falls behind: it keeps what is there now.
  virtual void lag_replica() = 0;
  // As the promotion of that replica: everything since lag_replica() is forgotten. Without one, as
  // wipe().
  virtual void promote_replica() = 0;
  // Everything that is there, side keys included, sorted by key. A queue is shown as its two keys:
  // the owners in order; and their record tails, one a line, with the pass count below them.
  [[nodiscard]] virtual std::vector<StoredRecord> everything() const = 0;

  // The same data through a connection of its own, with a listener of its own. Closing it leaves
  // the data and the other clients alone; closing the store closes them all.
  [[nodiscard]] virtual std::shared_ptr<Store> client() = 0;
  // As the death of a client's process, or of its subscription: nothing is pushed to it any more,
  // and its waiters count as dead. Verbs that are called later are requests that were on their way.
  // Where it listens again, the subscription is back. `client` is one of this store's.
  virtual void drop_client(Store& client) = 0;
};

// `memory:` records expire by `clock`, replies carry no store time, and fences grow with the
// system's wall clock.
std::shared_ptr<Store> make_memory_store(const ClockSource& clock);

// As a server elsewhere: records expire by `wall`, and replies carry its time. `clock` is the
// requesters' clock, for deadlines and not_after. Both must outlive the store.
std::shared_ptr<MemoryStore> make_memory_store(const ClockSource& clock,
                                               const WallClockSource& wall);

}  // namespace exclusive_lock
