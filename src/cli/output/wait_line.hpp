#pragma once
// The line that a person sees while waiting: who holds the lock, for how long, our place in the
// queue, and how long we have waited.

#include <atomic>
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
  // Draws from a thread of its own, once a second, where `talk` is on a terminal; otherwise does
  // nothing. The first time after a moment, so that a lock that is free shows no flicker.
  // Listens to the lock's waiting events.
  WaitLine(ExclusiveLock& lock, std::string name, Talk& talk);

  // Wipes the line and draws no more. Does not wait for a store that is slow to answer; the
  // destructor does.
  void end();

 private:
  void draw(const ExclusiveLock& lock, Talk& talk, const std::stop_token& stop) const;

  std::string name_;
  Instant waiting_since_;
  Talk& talk_;
  std::shared_ptr<std::atomic<std::size_t>> position_;  // 0: not known; the handler shares it
  std::jthread thread_;                                 // last: it uses what stands above
};

}  // namespace exclusive_lock::cli
