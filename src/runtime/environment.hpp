#pragma once
// What an engine gets from outside: the time, randomness, wake-ups, and threads for code of the
// user. A program gets those of the system, the simulation simulated ones (sim/environment.hpp).

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "os/clock.hpp"

namespace exclusive_lock {

class RandomSource {
 public:
  virtual ~RandomSource() = default;
  // 128 random bits, which no other object gets: the id of a lock object.
  [[nodiscard]] virtual std::array<std::uint8_t, 16> id() = 0;
  // In [0, 1), for jitter. Any thread.
  [[nodiscard]] virtual double unit() = 0;
};

// getrandom(2). Throws std::system_error if the kernel refuses.
class SystemRandomSource final : public RandomSource {
 public:
  [[nodiscard]] std::array<std::uint8_t, 16> id() override;
  [[nodiscard]] double unit() override;
};

// Wakes a scheduler when an instant has come.
class Waker {
 public:
  virtual ~Waker() = default;
  // Call it once, before all others. From now on `woken` is called at the instants that are set, or
  // a bit later, and never twice at a time. It may call set().
  virtual void start(std::function<void()> woken) = 0;
  // Replaces the instant that was set before, unless that has come. One of the past: at once. Any
  // thread.
  virtual void set(Instant when) = 0;
  // Waits for a call of `woken` that runs; there is no further one. Idempotent. Do not call it from
  // `woken`, and set nothing afterwards.
  virtual void stop() = 0;
};

// Runs code of the user, one task after the other.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // Any thread; does not wait for the task. A task must not throw.
  virtual void post(std::function<void()> task) = 0;
};

struct EngineEnvironment {
  std::unique_ptr<const ClockSource> clock;
  std::unique_ptr<RandomSource> random;
  std::unique_ptr<Waker> waker;
  std::unique_ptr<Notifier> events;  // event handlers
  std::unique_ptr<Notifier> losses;  // stopping lost tokens
};

}  // namespace exclusive_lock
