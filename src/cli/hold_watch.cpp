#include "cli/hold_watch.hpp"

#include <algorithm>

namespace exclusive_lock::cli {
namespace {

// How long a hold is safe after a refresh began, as the library counts (G1): the ttl less 1 % and 2
// ms.
Milliseconds safe_part(Milliseconds ttl) { return ttl - ttl / 100 - Milliseconds(2); }

}  // namespace

Milliseconds kill_margin(Milliseconds ttl) {
  // At least 10 ms: a timer and two context switches on a busy machine. At most 500 ms: more does
  // not help.
  return std::clamp(ttl / 20, Milliseconds(10), Milliseconds(500));
}

Milliseconds max_grace(Milliseconds ttl, Milliseconds refresh) {
  const Milliseconds for_late_replies = (ttl - refresh) / 8;
  return safe_part(ttl) - kill_margin(ttl) - refresh - for_late_replies;
}

Milliseconds default_grace(Milliseconds ttl, Milliseconds refresh) {
  // A quarter of the time that is left after a refresh is due. The rest is for repeating a failed
  // refresh.
  return std::max(Milliseconds(0),
                  std::min({Milliseconds(1000), (ttl - refresh) / 4, max_grace(ttl, refresh)}));
}

HoldWatch::Reason HoldWatch::reason() const {
  return lost_ ? Reason::lost : held_too_long_ ? Reason::held_too_long : Reason::none;
}

bool HoldWatch::must_end_all() const {
  return phase_ == Phase::killed || (phase_ == Phase::terminating && is_to_be_killed());
}

bool HoldWatch::is_to_be_killed() const {
  return held_too_long_ || must_end_ || rules_.on_lost == OnLost::kill;
}

void HoldWatch::killed_by_guardian() {
  lost_ = true;
  phase_ = Phase::killed;
}

std::optional<Instant> HoldWatch::fallback_kill_at() const {
  if (rules_.on_lost != OnLost::kill || !safe_until_) {
    return std::nullopt;
  }
  return *safe_until_ - rules_.margin / 2;
}

bool HoldWatch::is_due_unconfirmed(Instant now) const {
  return rules_.on_lost != OnLost::ignore && phase_ == Phase::running && safe_until_ &&
         now >= *safe_until_ - rules_.margin - rules_.grace;
}

HoldWatch::Step HoldWatch::next(Instant now, std::optional<Instant> safe_until) {
  if (safe_until) {
    safe_until_ = safe_until;
  }
  lost_ = lost_ || !safe_until || is_due_unconfirmed(now);
  held_too_long_ = held_too_long_ || (rules_.max_hold && now >= held_since_ + *rules_.max_hold);
  Order order = Order::nothing;
  if (phase_ == Phase::running &&
      (held_too_long_ || must_end_ || (lost_ && rules_.on_lost != OnLost::ignore))) {
    phase_ = Phase::terminating;
    terminated_at_ = now;
    order = Order::terminate;
  }
  const std::optional<Instant> deadline = next_deadline();
  if (phase_ == Phase::terminating && deadline && *deadline <= now) {
    phase_ = Phase::killed;
    return {.order = Order::kill, .wake_at = std::nullopt};
  }
  return {.order = order, .wake_at = deadline};
}

std::optional<Instant> HoldWatch::next_deadline() const {
  std::optional<Instant> at;
  const auto not_after = [&at](Instant instant) { at = at ? std::min(*at, instant) : instant; };
  switch (phase_) {
    case Phase::running:
      if (rules_.on_lost != OnLost::ignore && safe_until_) {
        not_after(*safe_until_ - rules_.margin - rules_.grace);
      }
      if (rules_.max_hold) {
        not_after(held_since_ + *rules_.max_hold);
      }
      break;
    case Phase::terminating:
      if (is_to_be_killed()) {
        not_after(*terminated_at_ + rules_.grace);
      }
      if (rules_.on_lost == OnLost::kill && safe_until_) {
        not_after(*safe_until_ - rules_.margin);
      }
      break;
    case Phase::killed:
      break;
  }
  return at;
}

}  // namespace exclusive_lock::cli
