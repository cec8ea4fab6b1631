#pragma once
// A store, and what a test must be able to do to it from outside.
//
// Whoever adds a store: derive from this, add a line to stores_to_test(), and nothing else; the
// checks do not know which store they are run against.

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/connection.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {
class ClockSource;
}

namespace exclusive_lock::conformance {

// Of connection(): timeouts far above what any store needs, so that a slow machine does not look
// like a lost reply.
ConnectOptions patient();

class StoreUnderTest {
 public:
  StoreUnderTest();
  virtual ~StoreUnderTest() = default;
  StoreUnderTest(const StoreUnderTest&) = delete;
  StoreUnderTest& operator=(const StoreUnderTest&) = delete;

  // A connection of its own to this store.
  virtual std::shared_ptr<Store> connect() = 0;
  // The same as users get it, through connect() where there is a URL for this very store. Only
  // where time is real.
  virtual std::shared_ptr<Connection> connection() = 0;

  // The clock that deadlines are written in, and the only way for a check to let time pass.
  [[nodiscard]] virtual const ClockSource& clock() const = 0;
  virtual void pass(Milliseconds time) = 0;

  // What another program could do, past the library.
  virtual void plant(const std::string& key, const std::string& value,
                     std::optional<Milliseconds> ttl) = 0;
  virtual void erase(const std::string& key) = 0;
  // Everything below prefix() that the store keeps, side keys included.
  virtual std::vector<StoredRecord> everything() = 0;
  // All data are gone at once, under the connections.
  virtual void wipe() = 0;
  // The store ends without warning and comes back without data. Older connections may be of no use
  // any more.
  virtual void lose_data() = 0;

  // Nobody else uses keys with this beginning, so that checks can run on a server that is in use.
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  [[nodiscard]] std::string key(std::string_view name) const;

 private:
  std::string prefix_;
};

// One kind of store; `open` starts it.
struct StoreKind {
  std::string name;
  bool has_real_time = true;
  std::function<std::unique_ptr<StoreUnderTest>()> open;
  friend std::ostream& operator<<(std::ostream& out, const StoreKind& kind) {
    return out << kind.name;
  }
};

// Those that must be there, found or not, and those that may be there and are:
//   memory            scripted time
//   memory_real_time  the same store on the system's clocks
//   local             in a temporary folder
//   redis_server, valkey_server    must be there; scripts/set-up brings them
//   redict_server, keydb_server    where they are found
//   url               what the environment variable EXCLUSIVE_LOCK_TEST_URL names, if it is set;
//   see url_store.hpp
std::vector<StoreKind> stores_to_test();

}  // namespace exclusive_lock::conformance
