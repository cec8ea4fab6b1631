#pragma once
// How the I/O thread sleeps while it does not own the event loop: in epoll_wait(2), until a watched
// socket or the alarm has something to do, or it is woken.

#include <optional>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock::redis {

// Closed at its end.
class OwnedDescriptor {
 public:
  // `descriptor` is what `call` has returned; throws std::system_error where that is an error.
  OwnedDescriptor(int descriptor, const char* call);
  ~OwnedDescriptor();
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;

  [[nodiscard]] int get() const noexcept { return descriptor_; }

 private:
  const int descriptor_;
};

// An eventfd(2): readable from wake_up() on, until silence().
class WakeUpDescriptor {
 public:
  WakeUpDescriptor();  // throws std::system_error

  [[nodiscard]] int descriptor() const noexcept { return event_.get(); }
  // Both: any thread.
  void wake_up() const noexcept;
  void silence() const noexcept;

 private:
  const OwnedDescriptor event_;
};

class IoThreadSleep {
 public:
  IoThreadSleep();  // throws std::system_error

  // The I/O thread's. Both may return without a reason; the second looks at no socket and no alarm.
  void until_event() const;
  void until_woken() const;
  // Any thread.
  void wake_up() const noexcept { wake_up_.wake_up(); }

  // The others by one thread at a time. A socket is open between these two, and not watched at
  // first: only its end wakes. False: the system refused it, and errno says why.
  [[nodiscard]] bool add(int socket) const;
  void remove(int socket) const;
  // Whether data of a socket wake.
  void watch(int socket, bool on) const;
  // Wakes at `at` or before; Instant::max(): as it was.
  void set_alarm(Instant at);

 private:
  const OwnedDescriptor epoll_;
  const OwnedDescriptor alarm_;  // a timerfd(2)
  const WakeUpDescriptor wake_up_;
  std::optional<Instant> alarm_at_;
};

}  // namespace exclusive_lock::redis
