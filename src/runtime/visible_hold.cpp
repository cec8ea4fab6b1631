#include "runtime/visible_hold.hpp"

#include <algorithm>

namespace exclusive_lock {

void VisibleHold::begin(Ticket ticket, Fence fence, Instant safe_until) {
  {
    const std::lock_guard guard(mutex_);
    ticket_ = ticket;
    is_lost_ = false;
    lost_ = std::stop_source{std::nostopstate};
  }
  fence_.store(fence.value);
  belief_.begin(safe_until);
}

void VisibleHold::lose(Notifier& losses) {
  const std::lock_guard guard(mutex_);
  is_lost_ = true;
  last_lost_ = ticket_;
  if (lost_.stop_possible())
    losses.post([lost = lost_]() mutable { lost.request_stop(); });
}

void VisibleHold::note_loss(Ticket ticket) {
  const std::lock_guard guard(mutex_);
  last_lost_ = std::max(last_lost_, ticket);
}

Ticket VisibleHold::ticket() const {
  const std::lock_guard guard(mutex_);
  return ticket_;
}

bool VisibleHold::was_lost(Ticket ticket) const {
  const std::lock_guard guard(mutex_);
  return ticket == 0 || ticket == last_lost_;
}

std::stop_token VisibleHold::lost_token() const {
  const std::lock_guard guard(mutex_);
  if (!lost_.stop_possible()) {
    lost_ = std::stop_source{};
    if (is_lost_)
      lost_.request_stop();
  }
  return lost_.get_token();
}

}  // namespace exclusive_lock
