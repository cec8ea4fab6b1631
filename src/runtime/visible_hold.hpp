#pragma once
// What any thread may see of the present hold of a lock object, or of the last one. The strand of
// the object writes it; held() and safe_until() take no mutex.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <stop_token>

#include "core/protocol.hpp"
#include "runtime/belief.hpp"
#include "runtime/environment.hpp"

namespace exclusive_lock {

class VisibleHold {
 public:
  // --- on the strand ---

  void begin(Ticket ticket, Fence fence, Instant safe_until);
  // False: a caller has seen the hold end meanwhile, which is final (G5).
  [[nodiscard]] bool move(Instant safe_until) noexcept { return belief_.move(safe_until); }
  void end() noexcept { belief_.end(); }
  // It was not released but lost: `losses` stops the lost token, whose callbacks are user code.
  void lose(Notifier& losses);
  // A hold that has ended turned out to be lost.
  void note_loss(Ticket ticket);

  // --- any thread ---

  [[nodiscard]] std::optional<Instant> safe_until(Instant now) const noexcept {
    return belief_.look(now);
  }
  [[nodiscard]] Fence fence() const noexcept { return Fence{fence_.load()}; }
  [[nodiscard]] Ticket ticket() const;
  // Whether this was the last hold that was lost; 0: none, which counts as lost.
  [[nodiscard]] bool was_lost(Ticket ticket) const;
  [[nodiscard]] std::stop_token lost_token() const;

 private:
  Belief belief_;
  std::atomic<std::uint64_t> fence_{0};

  mutable std::mutex mutex_;  // guards what follows; held for a few instructions only
  Ticket ticket_ = 0;
  Ticket last_lost_ = 0;
  bool is_lost_ = true;
  // Has a state once lost_token() was called: of many locks, most have no caller that does.
  mutable std::stop_source lost_{std::nostopstate};
};

}  // namespace exclusive_lock
