#pragma once
// What an engine has from outside (runtime/environment.hpp), in simulated time: the clock of its
// process, randomness from the seed, and no threads: the process runs each of their tasks when its
// time has come.

#include <deque>
#include <functional>
#include <utility>

#include "runtime/environment.hpp"
#include "sim/random.hpp"
#include "sim/seen.hpp"

namespace exclusive_lock::sim {

class Process;

class SimulatedRandom final : public RandomSource {
 public:
  explicit SimulatedRandom(Random& random) : random_(random) {}
  [[nodiscard]] OwnerId id() override { return random_.id(); }
  [[nodiscard]] double unit() override { return random_.unit(); }

 private:
  Random& random_;
};

class SimulatedWaker final : public Waker {
 public:
  explicit SimulatedWaker(Process& process) : process_(process) {}
  void start(std::function<void()> woken) override { woken_ = std::move(woken); }
  void set(Instant when) override;
  void stop() override { woken_ = nullptr; }
  // Though no instant has come.
  void wake() { woken_(); }

 private:
  Process& process_;
  std::function<void()> woken_;
  std::uint64_t times_set_ = 0;
};

// Of a mutant.
class DeafNotifier final : public Notifier {
 public:
  void post(std::function<void()>) override {}
};

class SimulatedNotifier final : public Notifier {
 public:
  explicit SimulatedNotifier(Process& process) : process_(process) {}
  void post(std::function<void()> task) override;

 private:
  Process& process_;
  std::deque<std::function<void()>> tasks_;
};

}  // namespace exclusive_lock::sim
