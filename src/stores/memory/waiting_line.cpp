#include "stores/memory/waiting_line.hpp"

#include <algorithm>
#include <utility>

namespace exclusive_lock {

StoreTime WaitingLine::arrival(const WaitOptions& wait_options, StoreTime now) const {
  StoreTime arrived_at = wait_options.arrived_at.value_or(StoreTime(0));
  if (arrived_at <= StoreTime(0)) {
    arrived_at = waiters_.empty() ? now : std::max(now, waiters_.back().arrived_at + StoreTime(1));
  }
  return std::min(arrived_at, last_arrival);
}

void WaitingLine::enter(Waiter waiter) {
  const auto place = std::find_if(waiters_.begin(), waiters_.end(), [&waiter](const Waiter& other) {
    return other.arrived_at > waiter.arrived_at;
  });
  waiters_.insert(place, std::move(waiter));
}

bool WaitingLine::leave(const OwnerId& id) {
  return std::erase_if(waiters_,
                       [&id](const Waiter& each) { return each.request.owner.id == id; }) != 0;
}

Waiter WaitingLine::take_first() {
  Waiter first = std::move(waiters_.front());
  waiters_.pop_front();
  return first;
}

Waiter* WaitingLine::find(const OwnerId& id) {
  const std::size_t place = position(id);
  return place > waiters_.size() ? nullptr : &waiters_[place - 1];
}

std::size_t WaitingLine::position(const OwnerId& id) const {
  const auto found = std::find_if(waiters_.begin(), waiters_.end(), [&id](const Waiter& each) {
    return each.request.owner.id == id;
  });
  return static_cast<std::size_t>(found - waiters_.begin()) + 1;
}

}  // namespace exclusive_lock
