#pragma once
// What held() looks at: until when a hold may be believed in, as one atomic word.
//
// "Lost is final" (G5) must hold for what callers saw, not only for what the machine decided: a
// thread that sees safe_until passed ends the belief for all threads in the same step, and a
// refresh that was answered in time but is published too late finds it ended. Wait-free for
// readers: at most one compare-and-swap.

#include <atomic>
#include <cstdint>
#include <optional>

#include "exclusive_lock/clock.hpp"

namespace exclusive_lock {

class Belief {
 public:
  void begin(Instant safe_until) noexcept { until_.store(to_word(safe_until)); }
  void end() noexcept { until_.store(none); }

  // False: a caller saw it end meanwhile.
  [[nodiscard]] bool move(Instant safe_until) noexcept {
    Word current = until_.load();
    while (current != none) {
      if (until_.compare_exchange_weak(current, to_word(safe_until)))
        return true;
    }
    return false;
  }

  // Until when, if `now` is before that. Otherwise it has ended, from now on and for everybody.
  [[nodiscard]] std::optional<Instant> look(Instant now) const noexcept {
    Word current = until_.load();
    if (current == none)
      return std::nullopt;
    if (now < to_instant(current))
      return to_instant(current);
    // Moved meanwhile: by an owner who had not seen it end, so it goes on and this look came before
    // its end.
    if (until_.compare_exchange_strong(current, none) || current == none)
      return std::nullopt;
    return now < to_instant(current) ? std::optional(to_instant(current)) : std::nullopt;
  }

 private:
  using Word = Instant::rep;
  static constexpr Word none = 0;  // no hold ends at boot
  static Word to_word(Instant instant) noexcept { return instant.time_since_epoch().count(); }
  static Instant to_instant(Word word) noexcept { return Instant{Instant::duration{word}}; }

  mutable std::atomic<Word> until_{none};
};

}  // namespace exclusive_lock
