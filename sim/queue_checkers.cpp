// What the checkers have to say about the queue (G6).

#include <algorithm>

#include "core/heartbeat.hpp"
#include "sim/checker_names.hpp"
#include "sim/checkers.hpp"

namespace exclusive_lock::sim {

using namespace std::chrono_literals;

void Checkers::check_line(const StoreStep& step, Lock& lock) {
  check_served(step, lock);
  check_taken_up(step, lock);
  check_woken(step);
  check_entries(step, lock);
  check_heartbeats(step, lock);
  check_stays_alive(step);
  check_sparse(step);
}

bool Checkers::is_alive(const SeenWaiter& waiter, StoreTime now) const {
  const auto found = objects_.find(waiter.owner.id);
  if (found == objects_.end()) {
    return true;
  }
  const auto heard = is_heard_.find(found->second.process);
  return heard != is_heard_.end() && heard->second && found->second.alive_until >= now;
}

void Checkers::counts_on_pushes(ProcessId process, const std::string& name) {
  if (!is_heard_[process]) {
    violated(checker::listener_is_counted, {},
             name + " counts on pushes, and the store takes its waiters for dead");
  }
}

// Who left the queue in this step, and who was served.
void Checkers::check_served(const StoreStep& step, Lock& lock) {
  const Seen& after = step.after;
  const bool is_new_record =
      after.owner && (after.owner != step.before.owner || after.fence != step.before.fence);
  const bool is_take_over = step.before.is_held_by(step.by.id) && after.is_held_by(step.by.id);
  const bool is_new_hold = is_new_record && !is_take_over;
  bool was_served = false;
  const Owner* passed = nullptr;  // the first of those that a new hold went past
  for (const SeenWaiter& waiter : step.before.waiters) {
    const auto place = static_cast<std::size_t>(&waiter - step.before.waiters.data());
    const bool alive = is_alive(waiter, step.store_now);
    // Under a newer ticket: handed over to the older one and taken over in the same step. Or the
    // entry was dead, and the attempt was granted in its own right, as a repeated one may be under
    // the same ticket.
    const bool is_its_own_attempt = step.is_repeated && waiter.owner == step.by;
    const bool was_granted = is_new_hold && after.owner->id == waiter.owner.id &&
                             (alive || (after.owner == waiter.owner && !is_its_own_attempt));
    if (was_granted) {
      was_served = true;
      ++hand_overs_;
      if (!alive) {
        violated(checker::dead_waiters_are_skipped, step.key,
                 name(waiter.owner) + " was handed the lock, but nobody is there to take it");
      }
      continue;
    }
    const bool left_by_itself = step.verb == Verb::release && waiter.owner.id == step.by.id;
    // A dead entry goes, and the same step may make a new one.
    const SeenWaiter* there = after.waiter(waiter.owner.id, place);
    const bool is_another =
        there != nullptr && (there->owner != waiter.owner || is_its_own_attempt);
    const bool is_gone = there == nullptr || (is_another && !alive);
    if (left_by_itself && alive && !step.before.value) {
      lock.gone_past = 0;  // what was free was handed over in this step, and given back by a leaver
    }
    if (left_by_itself || is_take_over) {
      continue;
    }
    if (is_gone && alive) {
      violated(checker::first_come_first_served, step.key,
               name(waiter.owner) + " waited and was passed over");
    }
    if (!is_gone && is_new_hold && !was_served && passed == nullptr) {
      passed = &waiter.owner;
    }
  }
  if (passed != nullptr) {
    check_gone_past(step, lock, *passed);
  }
  if (was_served || after.waiters.empty()) {
    lock.gone_past = 0;
  }
}

// By an attempt of somebody who may, where nobody held the lock.
void Checkers::check_gone_past(const StoreStep& step, Lock& lock, const Owner& waiter) {
  const bool may_pass = step.verb == Verb::attempt && step.barging_limit > 0 &&
                        step.after.owner == step.by && !step.before.value;
  if (!may_pass) {
    violated(checker::first_come_first_served, step.key,
             name(*step.after.owner) + " was served before " + name(waiter));
  } else if (++lock.gone_past > step.barging_limit) {
    violated(checker::barging_has_an_end, step.key,
             name(*step.after.owner) + " is one too many that goes past " + name(waiter));
  }
}

// Until its new owner has beaten or refreshed. Its own step may have done more than hand it over.
void Checkers::check_taken_up(const StoreStep& step, Lock& lock) {
  const Seen& after = step.after;
  if (!after.owner) {
    lock.not_taken_up = std::nullopt;
    return;
  }
  if (after.owner != step.before.owner || after.fence != step.before.fence) {
    const SeenWaiter* entry = step.before.waiter(after.owner->id);
    const bool was_handed_over =
        entry != nullptr && entry->owner == after.owner && step.by != after.owner;
    lock.not_taken_up = was_handed_over ? std::optional(after.fence) : std::nullopt;
  } else if (step.by == after.owner &&
             (step.verb == Verb::heartbeat || step.verb == Verb::refresh)) {
    lock.not_taken_up = std::nullopt;
  }
  if (lock.not_taken_up == after.fence &&
      after.remaining_ttl > confirm_ttl(objects_.at(after.owner->id).ttl) + rounding) {
    violated(checker::hand_over_is_short, step.key,
             name(*after.owner) + " may be dead, and was handed it for longer than that may cost");
  }
}

// A release wakes the one that it hands the lock to, or that is the first to get it while it is
// free.
void Checkers::check_woken(const StoreStep& step) {
  if (step.verb != Verb::release || !step.before.is_held_by(step.by.id)) {
    return;
  }
  for (const SeenWaiter& waiter : step.before.waiters) {
    const bool is_next = step.after.owner ? step.after.owner == waiter.owner
                                          : !step.after.value && is_alive(waiter, step.store_now);
    if (is_next) {
      if (step.woken != std::vector{waiter.owner}) {
        violated(checker::next_one_is_woken, step.key, name(waiter.owner) + " got no wake-up");
      }
      return;
    }
  }
}

// Once a heartbeat, for a wake-up, and now and then because of a record that is about to expire.
void Checkers::check_heartbeats(const StoreStep& step, Lock& lock) {
  if (!is_settled_) {
    return;
  }
  const auto heartbeats_of = [&](const Owner& owner) -> Heartbeats& {
    return lock.heartbeats
        .try_emplace({owner.id, owner.ticket}, Heartbeats{.since = step.store_now})
        .first->second;
  };
  for (const Owner& owner : step.woken) {
    ++heartbeats_of(owner).wake_ups;
  }
  if (step.verb != Verb::heartbeat) {
    return;
  }
  Heartbeats& sent = heartbeats_of(step.by);
  const auto intervals =
      (step.store_now - sent.since) / heartbeat_interval(objects_.at(step.by.id).ttl);
  if (++sent.count > 5 + 3 * intervals + 2 * sent.wake_ups) {
    violated(checker::heartbeats_are_few, step.key, name(step.by) + " asks and asks");
  }
}

// Far from the front as well, a heartbeat comes while the entry counts as alive.
void Checkers::check_stays_alive(const StoreStep& step) {
  if (step.verb != Verb::heartbeat || !step.still_waits) {
    return;
  }
  const Object& object = objects_.at(step.by.id);
  if (object.was_heard_in_calm && !is_cut_by_deadline(object) &&
      object.alive_until < step.store_now) {
    violated(checker::waiters_stay_alive, step.key,
             name(step.by) + " waits, and has counted as dead since its last heartbeat");
  }
}

// Of the waiters of one process, none counts as alive for longer than a hand-over may cost: where
// the process is frozen, the second one would cost as much again.
void Checkers::check_sparse(const StoreStep& step) {
  if (!is_settled_ || !step.still_waits || step.verb != Verb::heartbeat) {
    return;
  }
  const Object& object = objects_.at(step.by.id);
  if (step.alive_for <= confirm_ttl(object.ttl)) {
    return;
  }
  for (const SeenWaiter& waiter : step.before.waiters) {
    const auto other = objects_.find(waiter.owner.id);
    if (other != objects_.end() && waiter.owner.id != step.by.id &&
        other->second.process == object.process && other->second.wanted == waiter.owner.ticket) {
      violated(checker::frozen_process_costs_once, step.key,
               name(step.by) + " counts as alive for long, beside " + name(waiter.owner));
      return;
    }
  }
}

// Until the next heartbeat after one that asked to count as alive for so long; the deadline cuts
// it.
Milliseconds Checkers::longest_pause(const Object& object) {
  const Milliseconds interval = heartbeat_interval(object.ttl);
  const Milliseconds slack = (heartbeats_alive - 1) * interval;
  return std::max(interval,
                  is_cut_by_deadline(object) ? object.alive_for : object.alive_for - slack);
}

bool Checkers::is_cut_by_deadline(const Object& object) {
  return object.alive_for % heartbeat_interval(object.ttl) != 0ms;
}

// Who entered, and whether the line is in order.
void Checkers::check_entries(const StoreStep& step, Lock& lock) {
  const auto& waiters = step.after.waiters;
  for (std::size_t i = 0; i < waiters.size(); ++i) {
    const SeenWaiter& waiter = waiters[i];
    if (i > 0 && waiter.arrived_at && waiters[i - 1].arrived_at > waiter.arrived_at) {
      violated(checker::first_come_first_served, step.key, "the queue is in no order");
    }
    const SeenWaiter* before = step.before.waiter(waiter.owner.id, i);
    const bool is_new = before == nullptr || before->owner != waiter.owner;
    if (!is_new) {
      continue;
    }
    if (!lock.entered.insert({waiter.owner.id, waiter.owner.ticket}).second) {
      violated(checker::one_entry_per_ticket, step.key,
               name(waiter.owner) + " entered the queue a second time");
    }
    if (before == nullptr && !step.keeps_place && i + 1 != waiters.size()) {
      violated(checker::first_come_first_served, step.key,
               name(waiter.owner) + " came last and stands before others");
    }
  }
}

}  // namespace exclusive_lock::sim
