#pragma once
// One process: its clock, its timers, and the engine that its locks have in common, on a link to
// the server; and what befalls it.
//
// A paused process does nothing; what comes meanwhile waits in its order. A crashed one is gone.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/engine.hpp"
#include "sim/environment.hpp"
#include "sim/link.hpp"
#include "sim/world.hpp"

namespace exclusive_lock::sim {

class SimulatedHandle;

class Process {
 public:
  Process(World& world, ProcessId id, std::string name);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] ProcessId id() const { return id_; }
  [[nodiscard]] ProcessClock& clock() { return *clock_; }
  [[nodiscard]] Instant now() const { return clock_->now(); }
  [[nodiscard]] Engine& engine() { return *engine_; }
  [[nodiscard]] Link& link() { return *link_; }

  // Rings when the own clock shows `when`, or a bit later.
  void at(Instant when, std::function<void()> task);
  void after(Nanoseconds pause, std::function<void()> task) { at(now() + pause, std::move(task)); }
  // Now, or when it runs again.
  void deliver(std::function<void()> task);

  // Its lock objects, for mutants.
  void add(const std::shared_ptr<SimulatedHandle>& object);
  [[nodiscard]] std::shared_ptr<SimulatedHandle> object(const OwnerId& id) const;
  // So often has the engine told its locks that the store's clock was set.
  [[nodiscard]] std::uint64_t steps_seen() const { return steps_seen_->count; }

  // --- what befalls it ---
  void pause();
  void resume();
  // Whether the kernel closes its connections, or the machine is gone as well.
  enum class Death { noticed, unnoticed };
  void crash(Death death);
  // By the own clock; none while it is paused.
  [[nodiscard]] std::optional<Instant> awake_since() const {
    return is_paused_ ? std::nullopt : std::optional(awake_since_);
  }
  [[nodiscard]] bool is_gone() const { return is_gone_; }
  // The run is over: nothing is answered any more, and nobody has to wait for it.
  void end();

 private:
  struct StepCount final : Engine::ClockListener {
    void store_clock_stepped(std::chrono::microseconds) override { ++count; }
    void store_clock_drifts() override {}
    std::uint64_t count = 0;
  };

  World& world_;
  ProcessId id_;
  std::string name_;
  ProcessClock* clock_;    // the engine's
  SimulatedWaker* waker_;  // the engine's
  std::shared_ptr<Link> link_;
  std::unique_ptr<Engine> engine_;
  std::shared_ptr<StepCount> steps_seen_ = std::make_shared<StepCount>();
  std::map<OwnerId, std::weak_ptr<SimulatedHandle>> objects_;
  std::vector<std::function<void()>> waiting_;  // while it is paused
  Instant paused_at_{};
  Instant awake_since_{};
  bool is_paused_ = false;
  bool is_gone_ = false;
  bool has_ended_ = false;
};

}  // namespace exclusive_lock::sim
