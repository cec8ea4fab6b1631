#pragma once
// One of the two stores that a cross-check compares. Its clock stands still unless it is moved, so
// both carry out each command at the very same instant, and whatever they say can be equal to the
// last microsecond. `standing_clock_begins_at` is after the time of the test, and long before the
// year in which fences are used up.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "conformance/cross_check/command.hpp"
#include "os/clock.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::conformance {

inline constexpr StoreTime standing_clock_begins_at = std::chrono::seconds(2'000'000'000);

class Side {
 public:
  Side() = default;
  virtual ~Side() = default;
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  // Everything is as at the beginning: no data, and no pushes that were seen.
  virtual void begin() = 0;
  virtual void set_clock(StoreTime now) = 0;
  // What not_after and deadlines are written in.
  [[nodiscard]] virtual const ClockSource& requesters_clock() const = 0;

  // Those below clients_that_are_told are told of grants.
  virtual Store& client(std::size_t number) = 0;
  // Its connections are gone, and the store knows; another one is there in its place.
  virtual void lose_client(std::size_t number) = 0;

  // Behind the library's back.
  virtual void plant(const std::string& key, const std::string& value,
                     std::optional<Milliseconds> ttl) = 0;
  virtual void erase(const std::string& key) = 0;
  virtual void wipe() = 0;

  // What was pushed to that client since begin(), as text, in order. Waits for `at_least` of them
  // (not for ever).
  virtual std::vector<std::string> pushes(std::size_t client, std::size_t at_least) = 0;
  // All that was pushed is in pushes() after it.
  virtual void let_pushes_come() = 0;

  // All that is kept for that lock, a line each: record, fence, queue and what it waits with, each
  // with what remains of its ttl.
  virtual std::string kept(const std::string& key) = 0;
};

std::string text_of(const WakeUp& wake_up);

// A line of kept().
std::string kept_line(const std::string& what, const std::string& value,
                      std::optional<Milliseconds> remaining_ttl);

}  // namespace exclusive_lock::conformance
