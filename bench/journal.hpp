#pragma once
// What several processes write down about one contest, in memory that they share: one line for each
// try to enter, on CLOCK_BOOTTIME, which is the same for all of them.

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::bench {

struct JournalLine {
  std::int64_t requested_at_ns;
  std::int64_t entered_at_ns;   // 0: the round was over before
  std::int64_t released_at_ns;  // when the holder before called release; 0: nobody held before
  std::int64_t client;
};

// Any process, any thread.
class Journal {
 public:
  Journal();                         // makes the memory; throws std::system_error
  explicit Journal(int descriptor);  // takes part
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

  // By whoever is about to try.
  void requesting();
  // By whoever has just entered; returns how many have entered so far.
  std::uint32_t entered(Instant requested_at, Instant entered_at, std::int64_t client);
  void gave_up(Instant requested_at, std::int64_t client);
  // By the holder, just before it calls release.
  void releasing();
  // Until more than `count` have entered; false: not before the deadline.
  bool wait_for_more(std::uint32_t count, Instant deadline);

  [[nodiscard]] std::uint32_t requests() const;
  [[nodiscard]] std::uint32_t entries() const;
  // Between two rounds, when nobody takes part.
  [[nodiscard]] std::vector<JournalLine> lines() const;
  void clear();

 private:
  struct Shared;
  void add(const JournalLine& line);

  int descriptor_;
  Shared* shared_;
};

}  // namespace exclusive_lock::bench
