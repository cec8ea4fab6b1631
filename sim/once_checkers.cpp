// What the checkers have to say about one run per period, and about names that stay closed (G12).

#include <algorithm>
#include <string>

#include "sim/checker_names.hpp"
#include "sim/checkers.hpp"

namespace exclusive_lock::sim {
namespace {

// The store's time of the grant, as the record tells.
StoreTime since_of(const std::string& record) {
  static const std::string member = R"("since_us":)";
  const auto at = record.find(member);
  return at == std::string::npos ? StoreTime{}
                                 : StoreTime(std::stoll(record.substr(at + member.size())));
}

}  // namespace

void Checkers::run_succeeded(const std::string& key, const Owner& owner) {
  locks_[key].succeeded.insert({owner.id, owner.ticket});
}

// The run of a hold that the store still knows.
void Checkers::run_began(const std::string& key, const Owner& owner, StoreTime now,
                         Milliseconds closed) {
  Lock& lock = locks_[key];
  const auto grant = lock.grants.find({owner.id, owner.ticket});
  if (grant == lock.grants.end() || grant->second.age != age_ || lock.successes.empty()) {
    return;
  }
  const Success& last = lock.successes.back();
  if (last.age == age_ && now - last.began < closed) {
    violated(checker::once_per_period, key,
             name(owner) + " runs what was done in this period already");
  }
}

// What a host took for a reason not to run.
void Checkers::skipped(const std::string& key, StoreTime began, StoreTime now,
                       Milliseconds closed) {
  const auto& successes = locks_[key].successes;
  const bool is_success =
      std::ranges::any_of(successes, [began](const Success& each) { return each.began == began; });
  if (!is_success) {
    violated(checker::only_success_is_recorded, key, "a host was skipped, though nothing was done");
  } else if (std::chrono::abs(now - began) >= closed) {
    violated(checker::period_has_an_end, key, "a host was skipped, though the period was over");
  }
}

// A run counts from the step in which its release is carried out. Where the store's clock stepped
// since it began, or data were lost, nothing follows from when that was.
void Checkers::check_done(const StoreStep& step, Lock& lock) {
  const bool is_released =
      step.verb == Verb::release && step.before.owner == step.by && step.after.owner != step.by;
  if (step.is_done && is_released && lock.succeeded.contains({step.by.id, step.by.ticket})) {
    const auto grant = lock.grants.find({step.by.id, step.by.ticket});
    const bool is_of_this_age = grant != lock.grants.end() && grant->second.given_in == age_;
    lock.successes.push_back({.began = since_of(*step.before.value),
                              .age = is_of_this_age ? std::optional(age_) : std::nullopt});
  }
}

void Checkers::may_close(const OwnerId& id, Milliseconds time) {
  Object& object = objects_.at(id);
  object.max_closed = std::max(object.max_closed, time);
}

// From now on the store has promised it. `until` leaves out what clocks may differ in rate.
void Checkers::is_closed(const std::string& key, const Owner& owner, StoreTime until) {
  Lock& lock = locks_[key];
  const auto grant = lock.grants.find({owner.id, owner.ticket});
  if (grant != lock.grants.end() && grant->second.age == age_) {
    lock.closed = Closed{.by = owner, .until = until, .age = age_};
  }
}

void Checkers::check_closed(const StoreStep& step, Lock& lock) {
  const auto& owner = step.after.owner;
  const bool is_another = owner && lock.closed && owner->id != lock.closed->by.id;
  const bool is_newer = owner && lock.closed && !is_another &&
                        owner->ticket > lock.closed->by.ticket && owner->ticket != closed_ticket;
  if ((is_another || is_newer) && lock.closed->age == age_ && step.store_now < lock.closed->until) {
    violated(checker::min_hold_is_kept, step.key,
             name(*owner) + " got the lock while the name was to stay closed");
  }
  if (is_another || is_newer) {
    lock.closed = std::nullopt;
  }
  const auto object = owner ? objects_.find(owner->id) : objects_.end();
  // In the very step: what the clock does later is not the store's fault.
  const bool closes = owner && owner->ticket == closed_ticket && step.before.owner != owner;
  if (object != objects_.end() && closes && step.after.remaining_ttl &&
      *step.after.remaining_ttl > object->second.max_closed + rounding) {
    violated(checker::min_hold_has_an_end, step.key,
             "a name stays closed for longer than anybody asked for");
  }
}

}  // namespace exclusive_lock::sim
