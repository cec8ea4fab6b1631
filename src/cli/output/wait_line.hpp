#pragma once
// The report while waiting: the holder, how long it has held the lock, this process's position in
// the queue, how long the wait has lasted, and the store. On a terminal: one line that is redrawn
// once a second. Elsewhere, for a log: a line at the start and one a minute.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "cli/output/talk.hpp"
#include "exclusive_lock/clock.hpp"
#include "exclusive_lock/exclusive_lock.hpp"

namespace exclusive_lock::cli {

class WaitLine {
 public:
  struct Pace {
    std::chrono::milliseconds before_first{200};  // so that nothing flickers if the lock is free
    std::chrono::milliseconds between_drawings{1000};
    std::chrono::milliseconds between_lines{60'000};
  };

  // Runs in a thread of its own, and listens to the lock's waiting events. `store` is its URL.
  WaitLine(ExclusiveLock& lock, std::string name, std::string store, Talk& talk, Pace pace);

  // Erases the line and draws no more. Does not wait for a store that is slow to answer; the
  // destructor does.
  void end();

 private:
  [[nodiscard]] std::string text(const ExclusiveLock& lock) const;
  void work(const ExclusiveLock& lock, Pace pace, const std::stop_token& stop) const;

  std::string name_;
  std::string store_;
  Instant waiting_since_;
  Talk& talk_;
  std::shared_ptr<std::atomic<std::size_t>> position_;  // 0: not known; shared with the handler
  std::jthread thread_;                                 // last: it uses the members above
};

}  // namespace exclusive_lock::cli
