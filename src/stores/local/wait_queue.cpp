#include "stores/local/wait_queue.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <string>
#include <utility>

#include "core/record_codec.hpp"
#include "stores/grant_rules.hpp"

namespace exclusive_lock {
namespace {

using namespace std::chrono_literals;

// Of entries that one call meets: as many dead ones must not make it slow.
constexpr int max_looks = 16;

bool is_pass_count_below(const LockRow& row, std::size_t max_pass_count) {
  return static_cast<std::size_t>(row.pass_count) < max_pass_count;
}

}  // namespace

void WaitQueue::advance(LockRow& row) {
  if (row.waiting == 0 || liveness_.is_live(row)) {
    return;
  }
  if (row.holder) {
    after_.suspects.push_back(*row.holder);
  }
  hand_over_to_next(row);
}

void WaitQueue::end_record(LockRow& row, std::size_t max_pass_count) {
  const bool is_left_free = is_pass_count_below(row, max_pass_count);
  if (row.waiting == 0 || is_left_free || !hand_over_to_next(row)) {
    locks_.clear(row);
    row.head.reset();
  }
  if (is_left_free) {
    wake_first(row);
  }
}

// Not where it waits itself: an object that has a record has no entry.
bool WaitQueue::may_pass(LockRow& row, const AttemptRequest& request) {
  return row.waiting > 0 && !liveness_.is_live(row) &&
         is_pass_count_below(row, request.barging_limit) && !find(row, request.owner);
}

void WaitQueue::count_pass(LockRow& row) {
  ++row.pass_count;
  locks_.set_waiting(row);
}

// A waiter behind too many dead ones finds the lock free with its next heartbeat.
void WaitQueue::wake_first(LockRow& row) {
  drop_dead(row);
  const std::optional<WaiterRow> next = first(row);
  if (next && liveness_.is_alive(*next)) {
    after_.pushes.push_back({.to = next->holder, .wake_up = {.owner = next->owner}});
  }
}

bool WaitQueue::drop_dead(LockRow& row) {
  for (int i = 0; i < max_looks; ++i) {
    const std::optional<WaiterRow> next = first(row);
    if (!next || liveness_.is_alive(*next)) {
      return false;
    }
    take(row, *next);
    after_.suspects.push_back(next->holder);
  }
  return true;
}

// Among a few. Where they begin goes with the clock, so that the dead behind a live one are met
// sooner or later.
void WaitQueue::drop_dead_anywhere(LockRow& row, std::int64_t wall_us) {
  const std::int64_t begins = std::max<std::int64_t>(row.waiting - max_looks + 1, 1);
  const auto met = waiters_.some(row.id, std::abs(wall_us) % begins, max_looks);
  if (met.empty()) {
    first(row);  // which knows what to do where rows were deleted
  }
  for (const WaiterRow& waiter : met) {
    if (!liveness_.is_alive(waiter)) {
      take(row, waiter);
      after_.suspects.push_back(waiter.holder);
    }
  }
}

std::optional<WaiterRow> WaitQueue::find(LockRow& row, const Owner& owner) {
  std::optional<WaiterRow> found;
  if (row.waiting > 0) {
    found = waiters_.find(row.id, owner);
  }
  if (found && !(found->is_sound && liveness_.is_of_this_boot(*found))) {
    take(row, *found);
    found.reset();
  }
  return found;
}

std::optional<WaiterRow> WaitQueue::enter(LockRow& row, const AttemptRequest& request,
                                          HolderId store) {
  const WaitOptions& wait_options = request.wait_options.value();
  const auto most = static_cast<std::int64_t>(
      std::min<std::size_t>(wait_options.max_waiting, std::numeric_limits<std::int64_t>::max()));
  const bool was_empty = row.waiting == 0;
  const std::int64_t wall_us = machine_.wall_us();
  if (row.waiting >= most) {
    drop_dead_anywhere(row, wall_us);
  }
  if (row.waiting >= most) {
    return std::nullopt;
  }
  if (was_empty) {
    row.pass_count = 0;
    locks_.postpone(row, wall_us / 1'000'000 + waiting_look_interval.count());
  }
  // The wall clock may have been set back, or not have moved since.
  std::int64_t behind_all_us = std::max<std::int64_t>(wall_us, 0);
  if (const auto last_us = waiters_.last_arrival_us(row.id)) {
    behind_all_us = std::max(behind_all_us, *last_us + 1);
  }
  behind_all_us = std::min(behind_all_us, std::int64_t{last_arrival.count()});
  WaiterRow waiter;
  waiter.arrived_us = wait_options.arrived_at.value_or(StoreTime(0)).count();
  if (waiter.arrived_us <= 0 || waiter.arrived_us > behind_all_us) {
    waiter.arrived_us = behind_all_us;
  }
  set(waiter, request, store);
  waiters_.enter(row.id, waiter, request.record_tail);
  ++row.waiting;
  locks_.set_waiting(row);
  return waiter;
}

void WaitQueue::renew(WaiterRow& waiter, const AttemptRequest& request, HolderId store) {
  set(waiter, request, store);
  waiters_.renew(waiter, request.record_tail);
}

void WaitQueue::heartbeat(const WaiterRow& waiter, Milliseconds alive_for) {
  waiters_.heartbeat(waiter.id, liveness_.expiry_after(alive_for));
}

void WaitQueue::leave(LockRow& row, const WaiterRow& waiter) { take(row, waiter); }

std::size_t WaitQueue::position(const LockRow& row, const WaiterRow& waiter) {
  return waiters_.ahead_of(row.id, waiter) + 1;
}

std::vector<StoredWaiter> WaitQueue::shown(const LockRow& row) {
  return row.waiting > 0 ? waiters_.list(row.id, max_waiters_shown) : std::vector<StoredWaiter>();
}

std::optional<WaiterRow> WaitQueue::first(LockRow& row) {
  if (row.waiting == 0) {
    return std::nullopt;
  }
  std::optional<WaiterRow> found = waiters_.first(row.id);
  if (!found) {  // rows were deleted
    row.waiting = 0;
    locks_.set_waiting(row);
  }
  return found;
}

bool WaitQueue::hand_over_to_next(LockRow& row) {
  for (int i = 0; i < max_looks; ++i) {
    const std::optional<WaiterRow> next = first(row);
    if (!next) {
      return false;
    }
    if (liveness_.is_alive(*next)) {
      if (hand_over(row, *next)) {
        return true;
      }
    } else {
      take(row, *next);
      after_.suspects.push_back(next->holder);
    }
  }
  return false;
}

// False: there is no fence left for this one, or its tail was deleted. Its entry is gone, and its
// next attempt gets the reason.
bool WaitQueue::hand_over(LockRow& row, const WaiterRow& next) {
  const std::int64_t wall_us = machine_.wall_us();
  const std::optional<Fence> fence = next_fence(row.fence, wall_us, next.floor);
  row.pass_count = fence ? 0 : row.pass_count;
  const std::optional<std::string> tail = take(row, next);
  if (!fence || !tail) {
    return false;
  }
  const std::string value = encode_record(next.owner, *fence, wall_us, *tail);
  row = locks_.grant(row, {.fence = *fence,
                           .granted_at_us = wall_us,
                           .value = value,
                           .expires_at_ns = liveness_.expiry_after(next.confirm_ttl),
                           .boot = machine_.boot,
                           .holder = next.is_detached ? std::nullopt : std::optional(next.holder)});
  after_.pushes.push_back({.to = next.holder, .wake_up = {.owner = next.owner}});
  return true;
}

std::optional<std::string> WaitQueue::take(LockRow& row, const WaiterRow& waiter) {
  std::optional<std::string> tail = waiters_.take(waiter.id);
  row.waiting = std::max<std::int64_t>(row.waiting - 1, 0);
  locks_.set_waiting(row);
  return tail;
}

void WaitQueue::set(WaiterRow& waiter, const AttemptRequest& request, HolderId store) const {
  const WaitOptions& wait_options = request.wait_options.value();
  waiter.owner = request.owner;
  waiter.confirm_ttl = wait_options.confirm_ttl;
  waiter.floor = request.floor;
  waiter.alive_until_ns = liveness_.expiry_after(wait_options.alive_for);
  waiter.boot = machine_.boot;
  waiter.holder = store;
  waiter.is_detached = request.detached;
}

}  // namespace exclusive_lock
