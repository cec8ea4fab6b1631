#pragma once
// A waker with a thread of its own, which sleeps on a timerfd of CLOCK_BOOTTIME: after a suspend,
// every deadline that passed meanwhile has an effect at once, not after the rest of its time.

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "os/descriptors.hpp"
#include "runtime/environment.hpp"

namespace exclusive_lock {

class TimerThread final : public Waker {
 public:
  TimerThread() = default;  // throws std::system_error if there is no descriptor left
  ~TimerThread() override;
  TimerThread(const TimerThread&) = delete;
  TimerThread& operator=(const TimerThread&) = delete;

  // Throws std::system_error where there can be no more threads.
  void start(std::function<void()> woken) override;
  void set(Instant when) override;
  void stop() override;

 private:
  void run(const std::function<void()>& woken);

  const BootTimer timer_{BootTimer::Read::blocks};
  std::atomic<bool> stopped_{false};
  std::mutex mutex_;  // guards thread_
  std::thread thread_;
};

}  // namespace exclusive_lock
