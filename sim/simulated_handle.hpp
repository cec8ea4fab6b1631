#pragma once
// A lock handle as it is, looked at from inside; and those bugs made on purpose that are in what it
// does with the time, with events and with its belief.

#include <memory>
#include <optional>

#include "runtime/lock_handle.hpp"
#include "sim/seen.hpp"

namespace exclusive_lock::sim {

class Process;

class SimulatedHandle final : public LockHandle {
 public:
  SimulatedHandle(Process& process, LockSettings settings);

  [[nodiscard]] const OwnerId& owner_id() { return machine().owner_id(); }
  [[nodiscard]] std::optional<Ticket> attempting() { return machine().attempting(); }
  // What the machine holds, which is what is believed in at least.
  [[nodiscard]] std::optional<Owner> holder();
  // As held().
  [[nodiscard]] bool is_held() { return believes_until().has_value(); }
  // Without being a look: until when, though it may be over, for what nobody has seen over.
  [[nodiscard]] std::optional<Instant> shown_until();

  // --- mutants ---

  void refresh_answered(Ticket ticket, Instant requested_at,
                        const Answer<RefreshReplyStatus>& answer) override;
  void ring() override;
  void store_clock_stepped(std::chrono::microseconds step) override;
  // Goes on to show the present hold, whatever becomes of it, until it is called off.
  void keep_belief();
  void end_kept_belief() { kept_ = std::nullopt; }

 protected:
  [[nodiscard]] Drift store_drift() const noexcept override;
  [[nodiscard]] bool is_alone() const override;

 private:
  struct Kept {
    Owner owner;
    Instant until;
  };
  [[nodiscard]] std::optional<Instant> believes_until();

  Process& process_;
  std::optional<Kept> kept_;  // by a mutant
};

}  // namespace exclusive_lock::sim
