#pragma once
// What the own thread of a loop waits for while it does not run it: news on its sockets, an alarm,
// or that somebody rings.

#include <optional>

#include "exclusive_lock/clock.hpp"
#include "stores/redis/news_descriptor.hpp"
#include "stores/redis/wake_up_descriptor.hpp"

namespace exclusive_lock::redis {

class OwnThreadBell {
 public:
  OwnThreadBell();  // throws std::system_error
  ~OwnThreadBell();
  OwnThreadBell(const OwnThreadBell&) = delete;
  OwnThreadBell& operator=(const OwnThreadBell&) = delete;

  // The own thread's. May return for nothing.
  void wait() const;
  // Any thread.
  void ring() const noexcept { rings_.wake_up(); }
  // By one thread at a time: also at `at`, or before.
  void set_alarm(Instant at);

  NewsDescriptor news;

 private:
  const WakeUpDescriptor rings_;
  const int alarm_;
  std::optional<Instant> alarm_at_;
};

}  // namespace exclusive_lock::redis
