#include "sim/checkers.hpp"

#include <algorithm>
#include <utility>

#include "sim/checker_names.hpp"

namespace exclusive_lock::sim {

void Checkers::object_made(const OwnerId& id, std::string name, ProcessId process,
                           Milliseconds ttl) {
  objects_[id] = {.name = std::move(name),
                  .process = process,
                  .ttl = ttl,
                  .alive_until = std::nullopt,
                  .ended = std::nullopt};
}

void Checkers::violated(const char* checker, const std::string& key, std::string what) {
  if (!violation_) {
    violation_ = Violation{.checker = checker, .key = key, .what = std::move(what)};
  }
}

std::string Checkers::name(const Owner& owner) const {
  const auto found = objects_.find(owner.id);
  return (found == objects_.end() ? "?" : found->second.name) + "#" + std::to_string(owner.ticket);
}

void Checkers::data_lost() {
  ++age_;
  for (auto& [key, lock] : locks_) {
    lock.entered.clear();
    lock.seen = {};
    lock.not_taken_up = std::nullopt;
    lock.gone_past = 0;
  }
}

void Checkers::replica_lagged() {
  alive_in_replica_.clear();
  for (const auto& [id, object] : objects_) {
    alive_in_replica_[id] = object.alive_until;
  }
}

void Checkers::replica_promoted() {
  data_lost();
  for (auto& [id, object] : objects_) {
    const auto kept = alive_in_replica_.find(id);
    object.alive_until = kept == alive_in_replica_.end() ? std::nullopt : kept->second;
  }
}

void Checkers::record_changed(const std::string& key, const Seen& after, Instant gone_at) {
  locks_[key].seen = after;
  locks_[key].record_gone_at = gone_at;
}

void Checkers::store_stepped(const StoreStep& step) {
  Lock& lock = locks_[step.key];
  note_repetition(step, lock);
  check_owner(step);
  check_line(step, lock);
  check_grant(step, lock);
  check_ttl(step, lock);
  check_done(step, lock);
  check_closed(step, lock);
  lock.seen = step.after;
  if (step.before.value || step.after.value) {
    lock.record_gone_at = step.record_gone_at;
  }
  if (step.verb == Verb::refresh && !step.was_granted) {
    lock.not_found.insert({step.by.id, step.by.ticket});
  }
  if (step.still_waits) {
    Object& object = objects_.at(step.by.id);
    object.alive_until = step.store_now + *step.alive_for;
    object.alive_for = *step.alive_for;
    object.was_heard_in_calm = is_settled_;
  }
}

// The store cannot know a ticket that has neither record nor entry any more: until not_after it
// begins again with it, and what nobody waits for goes away by itself.
void Checkers::note_repetition(const StoreStep& step, Lock& lock) {
  const auto is_there = [&](const Seen& seen) {
    const SeenWaiter* entry = seen.waiter(step.by.id);
    return seen.owner == step.by || (entry != nullptr && entry->owner == step.by);
  };
  if (step.is_repeated && !step.is_too_late && !is_there(step.before) && is_there(step.after)) {
    lock.entered.erase({step.by.id, step.by.ticket});
    lock.begun_again.insert({step.by.id, step.by.ticket});
  }
}

void Checkers::check_owner(const StoreStep& step) {
  const Seen& before = step.before;
  const bool is_strangers = before.value && !before.is_held_by(step.by.id);
  if (is_strangers &&
      (step.after.value != before.value || step.after.remaining_ttl != before.remaining_ttl)) {
    violated(checker::strangers_are_spared, step.key,
             name(step.by) + " touched a record that is not its own");
  }
  // It closed the name itself: that is meant (G12).
  const bool is_closed = step.after.owner && step.after.owner->ticket == closed_ticket;
  if (step.was_refused && step.after.is_held_by(step.by.id) && !is_closed) {
    violated(checker::nobody_locks_itself_out, step.key,
             name(step.by) + " is kept out by its own record");
  }
  const bool has_record = step.after.owner == step.by && before.owner != step.by;
  const SeenWaiter* entry = step.after.waiter(step.by.id);
  const bool has_entry =
      entry != nullptr && entry->owner == step.by &&
      (before.waiter(step.by.id) == nullptr || before.waiter(step.by.id)->owner != step.by);
  const bool was_handed_over = before.waiter(step.by.id) != nullptr;
  if (step.is_too_late && (has_entry || (has_record && !was_handed_over))) {
    violated(checker::too_late_is_refused, step.key,
             name(step.by) + " got what it did not wait for any more");
  }
}

void Checkers::check_ttl(const StoreStep& step, const Lock& lock) {
  if (!step.after.owner || !step.after.remaining_ttl) {
    return;
  }
  const Owner& owner = *step.after.owner;
  const auto object = objects_.find(owner.id);
  const auto grant = lock.grants.find({owner.id, owner.ticket});
  if (object != objects_.end() && grant != lock.grants.end() && grant->second.age == age_ &&
      *step.after.remaining_ttl >
          std::max(object->second.ttl, object->second.max_closed) + rounding) {
    violated(checker::ttl_is_set, step.key,
             "the record of " + name(owner) + " lives longer than its ttl");
  }
}

void Checkers::check_grant(const StoreStep& step, Lock& lock) {
  const auto& owner = step.after.owner;
  if (!owner || owner->ticket == closed_ticket) {
    return;
  }
  const TicketId ticket{owner->id, owner->ticket};
  const bool is_told = *owner == step.by && step.was_granted && !step.is_repeated;
  if (owner == step.before.owner && step.after.fence == step.before.fence) {
    const auto known = lock.grants.find(ticket);
    if (known != lock.grants.end() && is_told) {
      known->second.age = age_;
    }
    return;
  }
  ++grants_;
  if (step.after.fence <= lock.highest) {
    violated(checker::fences_grow, step.key,
             name(*owner) + " got fence " + std::to_string(step.after.fence.value) + " after " +
                 std::to_string(lock.highest.value));
  }
  lock.highest = std::max(lock.highest, step.after.fence);
  const auto before = lock.grants.find(ticket);
  const bool has_begun_again = lock.begun_again.erase(ticket) > 0;
  if (before != lock.grants.end() && before->second.age == age_ && !has_begun_again) {
    violated(checker::one_grant_per_ticket, step.key, name(*owner) + " was granted it twice");
  }
  // A store that went back in time may grant a ticket once more, whose holder believes in the first
  // grant until an answer tells it of this one.
  const bool is_known_to_its_holder = before == lock.grants.end() || is_told;
  lock.grants[ticket] = {.fence = step.after.fence,
                         .age = is_known_to_its_holder ? age_ : before->second.age,
                         .given_in = age_};
  lock.orders[step.after.fence] = grants_;
}

void Checkers::shown(const std::vector<ShownHold>& holds) {
  for (const ShownHold& hold : holds) {
    check_hold(hold);
    if (hold.now >= hold.safe_until) {
      continue;
    }
    Lock& lock = locks_[hold.key];
    const auto is_of_this_age = [&](const ShownHold& each) {
      const auto grant = lock.grants.find({each.owner.id, each.owner.ticket});
      return grant != lock.grants.end() && grant->second.age == age_ && counts_right(each.owner);
    };
    if (!lock.grants.contains({hold.owner.id, hold.owner.ticket})) {
      violated(checker::belief_implies_record, hold.key,
               name(hold.owner) + " believes in a hold that was never granted");
    }
    if (!is_of_this_age(hold)) {
      continue;
    }
    for (const ShownHold& other : holds) {
      if (&other != &hold && other.key == hold.key && other.now < other.safe_until &&
          is_of_this_age(other)) {
        violated(checker::one_safe_hold, hold.key,
                 name(hold.owner) + " and " + name(other.owner) + " hold it at once");
      }
    }
    if (lock.seen.owner != hold.owner || lock.record_gone_at < hold.safe_until_truly) {
      violated(checker::belief_implies_record, hold.key,
               name(hold.owner) + " believes in a hold without a record, or longer than it lives");
    }
  }
}

// Failure on the way to the store says nothing about the record.
void Checkers::told_gone(const std::string& key, const Owner& owner) {
  if (!locks_[key].not_found.contains({owner.id, owner.ticket})) {
    violated(checker::only_what_is_gone_is_lost, key,
             name(owner) + " was told so, and the store was not asked or did not say so");
  }
}

void Checkers::check_hold(const ShownHold& hold) {
  Object& object = objects_.at(hold.owner.id);
  const bool is_over = hold.now >= hold.safe_until;
  if (!is_over && object.ended == hold.owner.ticket) {
    violated(checker::lost_is_final, hold.key, name(hold.owner) + " holds again what was over");
  }
  if (is_over) {
    object.ended = hold.owner.ticket;
  }
  if (hold.awake_since && hold.now > std::max(hold.safe_until, *hold.awake_since) + latest_alarm) {
    violated(checker::loss_is_told, hold.key, name(hold.owner) + " was not told of its loss");
  }
}

void Checkers::written(const std::string& key, const Owner& by, Fence fence, bool was_accepted) {
  Lock& lock = locks_[key];
  const auto order = lock.orders.find(fence);
  if (order == lock.orders.end()) {
    violated(checker::belief_implies_record, key, name(by) + " writes without a grant");
    return;
  }
  if (was_accepted != (order->second >= lock.highest_written)) {
    violated(checker::stale_writes_refused, key,
             name(by) + (was_accepted ? " wrote after a newer holder" : " could not write"));
  }
  lock.highest_written = std::max(lock.highest_written, order->second);
}

}  // namespace exclusive_lock::sim
