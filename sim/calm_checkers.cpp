// What the checkers have to say about what lock objects want in the calm (G4, G6).

#include <algorithm>

#include "core/heartbeat.hpp"
#include "sim/checker_names.hpp"
#include "sim/checkers.hpp"
#include "sim/scenario.hpp"

namespace exclusive_lock::sim {

void Checkers::wants(const Wanted& wanted, Instant since, Instant now) {
  if (now < since) {
    return;
  }
  if (wanted.attempts) {
    check_free(wanted.key, {.id = wanted.id, .ticket = *wanted.attempts}, since, now);
  }
  check_granted(wanted, now);
  check_given_up(wanted, now);
}

// A waiter looks at it with each heartbeat, whoever died before.
void Checkers::check_free(const std::string& key, const Owner& owner, Instant since, Instant now) {
  const Lock& lock = locks_[key];
  const SeenWaiter* entry = lock.seen.waiter(owner.id);
  if (entry == nullptr || entry->owner != owner) {
    return;
  }
  const Instant free_since = std::max(lock.record_gone_at, since);
  const Milliseconds longest = longest_pause(objects_.at(owner.id)) + latest_alarm;
  if (now > free_since + longest) {
    violated(checker::free_is_taken, key,
             name(owner) + " waits for a lock that nobody has for longer than a heartbeat");
  }
}

// A push is only a hint: the next heartbeat finds the grant too.
void Checkers::check_granted(const Wanted& wanted, Instant now) {
  Object& object = objects_.at(wanted.id);
  const Lock& lock = locks_[wanted.key];
  const bool is_granted = wanted.attempts && now < lock.record_gone_at &&
                          lock.seen.owner == Owner{.id = wanted.id, .ticket = *wanted.attempts};
  if (!is_granted) {
    object.granted_since = std::nullopt;
    return;
  }
  object.granted_since = object.granted_since.value_or(now);
  if (now > *object.granted_since + longest_pause(object) + latest_alarm) {
    violated(checker::lost_push_costs_a_heartbeat, wanted.key,
             name(*lock.seen.owner) + " was granted it, and waits on for longer than a heartbeat");
  }
}

// Whoever stops asking, waiting or holding tells the store, and goes on until it has heard. An
// attempt may come behind that: then its answer is heard, and it is given back once more.
void Checkers::check_given_up(const Wanted& wanted, Instant now) {
  Object& object = objects_.at(wanted.id);
  const auto ticket = wanted.attempts ? wanted.attempts : wanted.holds;
  if (object.wanted && object.wanted != ticket) {
    object.given_up.push_back({.ticket = *object.wanted, .at = now});
  }
  object.wanted = ticket;
  const Lock& lock = locks_[wanted.key];
  for (Object::GivenUp& each : object.given_up) {
    const Owner owner{.id = wanted.id, .ticket = each.ticket};
    const SeenWaiter* entry = lock.seen.waiter(owner.id);
    const bool has_record = lock.seen.owner == owner && now < lock.record_gone_at;
    if (!has_record && (entry == nullptr || entry->owner != owner)) {
      each.there_since = std::nullopt;
      continue;
    }
    each.there_since = each.there_since.value_or(now);
    if (now > *each.there_since + wanted.leaves_within) {
      violated(checker::given_up_is_gone, wanted.key,
               name(owner) + " was given up, and " +
                   (has_record ? "its record is there" : "still stands in the queue"));
    }
  }
  std::erase_if(object.given_up, [&](const Object::GivenUp& each) {
    return !each.there_since && now > each.at + max_ttl;
  });
}

}  // namespace exclusive_lock::sim
