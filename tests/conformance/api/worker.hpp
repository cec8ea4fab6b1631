#pragma once
// One worker of a fleet, as a user writes it: a lock object, made with the options that matter to a
// check.

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "conformance/store_under_test.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "live/comes_true.hpp"

namespace exclusive_lock::conformance {

// Outlives every check.
inline constexpr Milliseconds long_lock_ttl{60'000};
// For waits that end much sooner unless something is wrong.
inline constexpr Milliseconds very_long{60'000};
// For what a heartbeat (1 s) may cost, and a busy machine, but not a grant that nobody takes up
// (3 s, core/heartbeat.hpp).
inline constexpr Milliseconds a_heartbeat_or_so{2'000};

inline Options options_for(StoreUnderTest& store, std::shared_ptr<Connection> connection,
                           std::string name = "job") {
  Options options;
  options.app_name = std::move(name);
  options.key_prefix = store.prefix();
  options.cache_connection = std::move(connection);
  options.lock_ttl = long_lock_ttl;
  options.lock_refresh = Milliseconds(20'000);
  return options;
}

inline Options options_for(StoreUnderTest& store, std::string name = "job") {
  return options_for(store, store.connection(), std::move(name));
}

inline Options with_ttl(Options options, Milliseconds ttl, Milliseconds refresh) {
  options.lock_ttl = ttl;
  options.lock_refresh = refresh;
  options.allow_short_ttl = true;
  return options;
}

inline Options by_hand(Options options, Milliseconds ttl) {
  options = with_ttl(std::move(options), ttl, ttl / 2);
  options.auto_refresh = false;
  return options;
}

using live::comes_true;

// How many stand in the queue while somebody holds the lock.
inline std::size_t waiting_for(const ExclusiveLock& lock) {
  const auto record = lock.inspect();
  return record ? record->waiting : 0;
}

// What was told, in order, and a way to wait for it. Outlives the locks whose handlers note in it:
// a destructor may still tell.
class Diary {
 public:
  void note(std::string line) {
    const std::lock_guard guard(mutex_);
    lines_.push_back(std::move(line));
    noted_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard guard(mutex_);
    return lines_;
  }
  // False: it was not noted so often within a minute.
  [[nodiscard]] bool has(const std::string& line, std::ptrdiff_t times = 1) {
    std::unique_lock lock(mutex_);
    return noted_.wait_for(lock, very_long,
                           [&] { return std::count(lines_.begin(), lines_.end(), line) >= times; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable noted_;
  std::vector<std::string> lines_;
};

}  // namespace exclusive_lock::conformance
