#include "sim/lock_driver.hpp"

#include <algorithm>
#include <utility>

#include "sim/checker_names.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

std::string told(const AcquireEnd& end) {
  struct Words {
    std::string operator()(const WaitPlan::Succeeded&) const { return "acquired"; }
    std::string operator()(const WaitPlan::TimedOut&) const { return "not acquired"; }
    std::string operator()(const WaitPlan::Failed& failed) const { return failed.failure.message; }
    std::string operator()(const Abandoned&) const { return "given up"; }
  };
  return std::visit(Words(), end);
}

class ToldOperation final : public AcquireOperation {
 public:
  using Ended = std::function<void(const AcquireEnd&)>;
  ToldOperation(const AcquireCall& call, Ended ended)
      : AcquireOperation(call), ended_(std::move(ended)) {}

 private:
  void ended(const AcquireEnd& end) override { std::exchange(ended_, nullptr)(end); }

  Ended ended_;
};

}  // namespace

LockDriver::LockDriver(Process& process, LockSettings settings, User user)
    : process_(process), user_(std::move(user)) {
  const Milliseconds ttl = settings.ttl;
  settings.command_timeout = process.engine().command_timeout();
  handle_ = std::make_shared<SimulatedHandle>(process, std::move(settings));
  handle_->subscribe();
  process_.add(handle_);
  const OwnerId& id = handle_->owner_id();
  name_ = process.name() + "." + std::to_string(id[0] % 10) + std::to_string(id[1] % 10);
  process_.world().checkers.object_made(id, name_, process_.id(), ttl);
  hear_events();
}

LockDriver::~LockDriver() {
  process_.end();
  handle_->close();
}

void LockDriver::hear_events() {
  EventHandlers& handlers = handle_->handlers();
  handlers.set<WaitingEvent>([this](const WaitingEvent& event) {
    say([&] { return "waits at position " + std::to_string(event.position); });
  });
  handlers.set<AcquiredEvent>([this](const AcquiredEvent& event) {
    say([&] { return "holds it, fence " + std::to_string(event.fence.value); });
    told_held_ = std::max(told_held_, event.fence);
  });
  handlers.set<LostEvent>([this](const LostEvent& event) { heard_of_loss(event); });
}

void LockDriver::heard_of_loss(const LostEvent& event) {
  say([&] {
    return "has lost it, fence " + std::to_string(event.fence.value) + ", reason " +
           std::to_string(static_cast<int>(event.reason));
  });
  told_ended_ = std::max(told_ended_, event.fence);
  if (event.reason == LossReason::record_gone) {
    process_.world().checkers.told_gone(key(), holds_.at(event.fence).owner);
  }
  losses_.push_back({.token = holds_.at(event.fence).lost, .told_at = process_.now()});
  if (event.fence == fence()) {
    user_.lost();
  }
}

// --- the user's calls --------------------------------------------------------------------------

void LockDriver::try_acquire() {
  say([] { return "tries"; });
  acquire({});
}

void LockDriver::acquire_until(std::optional<Instant> deadline) {
  say([&] {
    return deadline
               ? "acquires, for " +
                     std::to_string(
                         std::chrono::floor<Milliseconds>(*deadline - process_.now()).count()) +
                     " ms"
               : std::string("acquires, for as long as it takes");
  });
  acquire({.deadline = deadline.value_or(Instant::max())});
}

void LockDriver::acquire(const AcquireCall& call) {
  operation_ = begin(call, [this](bool acquired) {
    operation_ = nullptr;
    user_.acquire_ended(acquired);
  });
}

LockDriver::Operation LockDriver::acquire_beside(const AcquireCall& call,
                                                 std::function<void(bool acquired)> ended) {
  say([] { return "is asked for by another caller"; });
  return begin(call, std::move(ended));
}

// The caller's thread hears of the end a moment later.
LockDriver::Operation LockDriver::begin(const AcquireCall& call,
                                        std::function<void(bool acquired)> ended) {
  const bool is_one_try = !call.deadline || *call.deadline <= process_.now();
  const auto ends_by = call.deadline == Instant::max() ? std::nullopt : call.deadline;
  const CallNumber number = called(is_one_try ? std::optional(one_answer()) : ends_by);
  auto operation = std::make_shared<ToldOperation>(
      call, [this, number, ended = std::move(ended)](const AcquireEnd& end) {
        say([&] { return "hears: " + told(end); });
        calls_.erase(number);
        process_.after(0ns, [ended, acquired = std::holds_alternative<WaitPlan::Succeeded>(end)] {
          ended(acquired);
        });
      });
  handle_->acquire(operation);
  return operation;
}

void LockDriver::cancel() {
  if (operation_) {
    say([] { return "gives up"; });
    cancel_beside(operation_);
  }
}

void LockDriver::cancel_beside(const Operation& operation) {
  handle_->abandon(operation);
  if (!operation->has_ended()) {
    process_.world().checkers.violated(checker::calls_end_in_time, key(),
                                       name_ + " goes on with what was given up");
  }
}

void LockDriver::give_back(const Operation& operation) {
  say([] { return "is given back by another caller"; });
  handle_->give_back(operation);
  if (!handle_->is_held()) {
    told_ended_ = std::max(told_ended_, fence());
  }
}

LockDriver::CallNumber LockDriver::called(std::optional<Instant> ends_by) {
  const CallNumber number = ++last_call_;
  if (ends_by) {
    calls_.emplace(number, *ends_by);
  }
  return number;
}

Instant LockDriver::one_answer() const {
  return process_.now() + process_.engine().command_timeout();
}

void LockDriver::release() { release(std::nullopt); }

void LockDriver::release_done(Milliseconds keep_for) { release(std::optional(keep_for)); }

void LockDriver::release(std::optional<Milliseconds> done_for) {
  say([done_for] { return done_for ? "releases, for it is done" : "releases"; });
  told_ended_ = std::max(told_ended_, fence());
  if (process_.world().mutant == Mutant::belief_outlives_release) {
    handle_->keep_belief();
  }
  const CallNumber number = called(one_answer());
  handle_->release(
      [this, number](const DoneRelease&) {
        calls_.erase(number);
        handle_->end_kept_belief();
        user_.released();
      },
      std::nullopt, done_for);
}

void LockDriver::refresh() {
  const CallNumber number = called(one_answer());
  handle_->refresh([this, number](RefreshOutcome) { calls_.erase(number); });
}

void LockDriver::hold_at_least(Milliseconds time, std::function<void(bool)> ended) {
  say([time] { return "keeps the name closed for " + std::to_string(time.count()) + " ms"; });
  process_.world().checkers.may_close(handle_->owner_id(), time);
  // The rates of the clocks may differ by a hundredth.
  const StoreTime until = process_.world().server.time() + StoreTime(time) * 98 / 100;
  const std::uint64_t age = process_.world().checkers.age();
  // Behind a refresh that is on its way already.
  const CallNumber number = called(one_answer() + process_.engine().command_timeout());
  handle_->hold_at_least(time, [this, number, until, age, owner = owner(),
                                ended = std::move(ended)](RefreshOutcome outcome) {
    calls_.erase(number);
    const bool is_closed = outcome == RefreshOutcome::refreshed;
    if (is_closed && process_.world().checkers.age() == age) {
      process_.world().checkers.is_closed(key(), owner, until);
    }
    process_.after(0ns, [ended, is_closed] { ended(is_closed); });
  });
}

void LockDriver::look(std::function<void(const InspectReply*)> ended) {
  const CallNumber number = called(one_answer());
  Engine& engine = process_.engine();
  engine.store().inspect(
      key(), process_.now() + engine.command_timeout(),
      [this, number, ended = std::move(ended)](const Answer<InspectReply>& answer) {
        calls_.erase(number);
        ended(std::get_if<InspectReply>(&answer));
      });
}

Owner LockDriver::owner() const {
  return handle_->holder().value_or(Owner{.id = handle_->owner_id(), .ticket = 0});
}

// --- for the checkers --------------------------------------------------------------------------

std::optional<ShownHold> LockDriver::shown() {
  const auto until = handle_->shown_until();
  if (!until) {
    return std::nullopt;
  }
  const Owner holder = owner();
  if (!holds_.contains(fence())) {
    holds_[fence()] = {.owner = holder, .lost = handle_->hold().lost_token()};
  }
  return ShownHold{.key = key(),
                   .owner = holder,
                   .safe_until = *until,
                   .now = process_.now(),
                   .safe_until_truly = process_.clock().truly(*until),
                   .awake_since = process_.awake_since()};
}

// What is given up is released in the same step, and once more where no answer to that came: the
// first pause is shorter than an alarm may be late.
Wanted LockDriver::wanted() const {
  const auto holder = handle_->holder();
  const bool is_lost_once = process_.world().scenario.releases_lost_in_calm;
  const Nanoseconds unanswered = is_lost_once ? process_.engine().command_timeout() : 0ms;
  return {.key = key(),
          .id = handle_->owner_id(),
          .attempts = handle_->attempting(),
          .holds = holder ? std::optional(holder->ticket) : std::nullopt,
          .leaves_within = unanswered + 2 * latest_alarm};
}

bool LockDriver::is_told_of() {
  const bool is_held = handle_->shown_until().has_value();
  if (is_held == (told_held_ > told_ended_)) {
    untold_since_ = std::nullopt;
  } else if (!untold_since_) {
    untold_since_ = process_.now();
  }
  std::erase_if(losses_, [](const Loss& loss) { return loss.token.stop_requested(); });
  return (!untold_since_ || is_soon_after(*untold_since_)) &&
         std::ranges::all_of(losses_,
                             [this](const Loss& loss) { return is_soon_after(loss.told_at); });
}

// Or its process sleeps, or did until now.
bool LockDriver::is_soon_after(Instant when) const {
  const auto awake_since = process_.awake_since();
  return !awake_since || process_.now() <= std::max(when, *awake_since) + latest_alarm;
}

// A deadline bounds a call whatever the store does.
bool LockDriver::is_in_time() {
  const auto awake_since = process_.awake_since();
  return !awake_since || std::ranges::all_of(calls_, [&](const auto& call) {
    return process_.now() <= std::max(call.second, *awake_since) + 2 * latest_alarm;
  });
}

bool LockDriver::is_at_rest() const {
  return !operation_ && !handle_->holder() && !handle_->attempting();
}

}  // namespace exclusive_lock::sim
