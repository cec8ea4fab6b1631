#include "sim/simulation.hpp"

#include <memory>
#include <utility>

#include "sim/checker_names.hpp"
#include "sim/faults.hpp"
#include "sim/job_host.hpp"
#include "sim/worker.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

// In the calm, everybody's turn comes: a hold and a hand-over that nobody takes up, for each.
constexpr Nanoseconds max_turn = 2 * max_ttl;
constexpr Nanoseconds calm_lasts_at_least = 10s;
// What was lost before the calm, or lay at a server that stood still, has been given up, and asked
// for once more.
constexpr Nanoseconds calm_settles = max_ttl + 500ms;
// After that everybody goes on as before for a while, and then ends.
constexpr Nanoseconds calm_work = max_ttl;
// The longest that a queue outlives the dead who stood in it, and records are gone long before.
constexpr Nanoseconds max_orphan = 65s;
// When the last fence is forgotten too.
constexpr Nanoseconds max_memory = 25h;
// A run of some seconds has some thousand events.
constexpr std::uint64_t max_events = 200'000;

class Simulation {
 public:
  explicit Simulation(const Plan& plan)
      : plan_(plan),
        world_(plan.seed, plan.mutant, plan.trace_lines > 0),
        faults_(world_, processes_, [this] { start_process(); }) {}

  Outcome run() {
    for (std::size_t i = 0; i < world_.scenario.processes; ++i) {
      start_process();
    }
    faults_.begin();
    pass(world_.timeline.now() + world_.scenario.failure_lasts);
    if (!has_failed()) {
      faults_.calm();
      calm_since_ = world_.server.busy_until() + calm_settles;
      check();
      settle();
    }
    return outcome();
  }

 private:
  void start_process() {
    const ProcessId id = processes_.size();
    processes_.push_back(
        std::make_unique<Process>(world_, id, std::string(1, static_cast<char>('A' + id))));
    for (std::size_t i = 0; i < world_.scenario.locks_per_process; ++i) {
      add(std::make_unique<Worker>(*processes_.back(), settings()));
    }
    if (world_.scenario.period.count() > 0) {
      add(std::make_unique<JobHost>(*processes_.back(), job_settings()));
    }
  }

  void add(std::unique_ptr<LockUser> user) {
    users_.push_back(std::move(user));
    of_process_.push_back(processes_.back().get());
    users_.back()->start();
  }

  LockSettings settings() {
    Random& random = world_.random;
    const Milliseconds ttl(random.between(min_ttl.count(), max_ttl.count()));
    return {.key = world_.scenario.keys[random.below(world_.scenario.keys.size())],
            .record_tail = R"(,"version":1})",
            .ttl = ttl,
            .refresh_interval = ttl / random.between(2, 6),
            .auto_refresh = !random.once_in(6),
            .detached = false,
            .command_timeout = {},  // the engine's
            .barging_limit = random.once_in(3) ? 1 + random.below(4) : 0};
  }

  LockSettings job_settings() {
    LockSettings made = settings();
    made.key = "nightly";
    made.record_tail = R"(,"version":1,"contents":1})";  // which a mark is without
    return made;
  }

  [[nodiscard]] bool has_failed() const { return world_.checkers.violation().has_value(); }

  void pass(Instant until) {
    while (!has_failed() && world_.timeline.run_next(until)) {
      check();
      if (++events_ > max_events) {
        world_.checkers.violated(checker::nothing_is_left, {}, "the run does not come to an end");
      }
    }
    if (!has_failed()) {
      world_.timeline.pass_until(until);
    }
  }

  void check() {
    shown_.clear();
    for (std::size_t i = 0; i < users_.size(); ++i) {
      if (of_process_[i]->is_gone()) {
        continue;
      }
      LockDriver& lock = users_[i]->lock();
      if (auto hold = lock.shown()) {
        shown_.push_back(*hold);
      }
      if (!lock.is_told_of()) {
        world_.checkers.violated(checker::loss_is_told, lock.key(),
                                 "a hold or its end is not told");
      }
      if (!lock.is_in_time()) {
        world_.checkers.violated(checker::calls_end_in_time, lock.key(),
                                 "a call of " + world_.checkers.name(lock.owner()) +
                                     " goes on for longer than its command timeout");
      }
      if (calm_since_) {
        world_.checkers.wants(lock.wanted(), *calm_since_, world_.timeline.now());
      }
    }
    world_.checkers.shown(shown_);
    if (calm_since_) {
      check_subscriptions();
    }
  }

  void check_subscriptions() {
    for (const auto& process : processes_) {
      if (!process->is_gone() && process->link().pushes_grants()) {
        world_.checkers.counts_on_pushes(process->id(), process->name());
      }
    }
  }

  // In the calm too, so that it is seen how soon others follow.
  void kill_a_holder() {
    for (std::size_t i = 0; i < users_.size(); ++i) {
      if (!of_process_[i]->is_gone() && users_[i]->lock().shown()) {
        faults_.kill(*of_process_[i]);
        return;
      }
    }
  }

  void settle() {
    pass(*calm_since_);
    world_.checkers.settled();
    if (!has_failed() && world_.random.once_in(2)) {
      kill_a_holder();
    }
    pass(*calm_since_ + calm_work);
    world_.is_closing = true;
    pass(world_.timeline.now() + calm_lasts_at_least +
         static_cast<std::int64_t>(users_.size()) * max_turn);
    for (std::size_t i = 0; i < users_.size() && !has_failed(); ++i) {
      if (!of_process_[i]->is_gone() && !users_[i]->is_done()) {
        world_.checkers.violated(
            checker::nobody_starves, users_[i]->lock().key(),
            world_.checkers.name(users_[i]->lock().owner()) + " still waits, though all is calm");
      }
    }
    pass(world_.timeline.now() + max_orphan);
    for (const std::string& key : world_.server.leftovers()) {
      world_.checkers.violated(checker::nothing_is_left, {}, key + " is left");
    }
    pass(world_.timeline.now() + max_memory);
    if (world_.server.keys() != 0) {
      world_.checkers.violated(checker::nothing_is_left, {}, "a key never goes away");
    }
    if (!world_.timeline.is_over()) {
      world_.checkers.violated(checker::no_timer_is_left, {}, "a timer never ends");
    }
  }

  Outcome outcome() {
    Outcome result{.violation = world_.checkers.violation(),
                   .trace = {},
                   .events = events_,
                   .grants = world_.checkers.grants(),
                   .hand_overs = world_.checkers.hand_overs()};
    if (plan_.trace_lines > 0) {
      result.trace = world_.trace.lines(result.violation ? result.violation->key : std::string(),
                                        plan_.trace_lines);
    }
    return result;
  }

  Plan plan_;
  World world_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::vector<std::unique_ptr<LockUser>> users_;
  std::vector<Process*> of_process_;  // of each user
  std::vector<ShownHold> shown_;
  Faults faults_;
  std::uint64_t events_ = 0;
  std::optional<Instant> calm_since_;  // and settled
};

}  // namespace

Outcome run(const Plan& plan) { return Simulation(plan).run(); }

}  // namespace exclusive_lock::sim
