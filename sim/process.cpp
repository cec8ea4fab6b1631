#include "sim/process.hpp"

#include <utility>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

// How late a timer rings on a machine that has other things to do.
constexpr Nanoseconds usual_lateness = 200us;
constexpr Nanoseconds longest_lateness = 60ms;

}  // namespace

Process::Process(World& world, ProcessId id, std::string name)
    : world_(world),
      id_(id),
      name_(std::move(name)),
      clock_(world.timeline, world.random.between(-most_client_rate, most_client_rate)) {
  world_.server.connect(id_, clock_);
  subscribe();
}

void Process::at(Instant when, std::function<void()> task) {
  Random& random = world_.random;
  const Nanoseconds lateness = random.once_in(20) ? random.between(0ns, longest_lateness)
                                                  : random.between(0ns, usual_lateness);
  world_.timeline.at(clock_.truly(when) + lateness,
                     [this, task = std::move(task)] { deliver(task); });
}

void Process::deliver(std::function<void()> task) {
  if (is_paused_) {
    waiting_.push_back(std::move(task));
  } else if (!is_gone_) {
    task();
  }
}

// --- the network -------------------------------------------------------------------------------

bool Process::is_lost() {
  return is_cut_off_ || (!world_.is_calm && world_.random.percent(world_.scenario.lost));
}

// Mostly at once, as from a connection that was sent everything again, and often too late.
void Process::repeat_later(const AttemptRequest& request, Instant arrives) {
  Random& random = world_.random;
  const Nanoseconds pause = random.once_in(2) ? random.between(0ns, 20ms)
                                              : random.between(Nanoseconds(0), 2 * longest_ttl);
  world_.timeline.at(arrives + pause, [this, request] {
    world_.server.receive([this, request] { world_.server.repeat(id_, request); });
  });
}

Nanoseconds Process::delay() {
  return world_.random.between(20us, world_.is_calm ? 1ms : world_.scenario.longest_delay);
}

StoreFailure Process::not_sent() const {
  return {.code = errc::store_unavailable, .message = "no connection", .may_have_run = false};
}

StoreFailure Process::unanswered() const {
  return {.code = errc::outcome_unknown, .message = "no answer", .may_have_run = true};
}

void Process::push(const Grant& grant) {
  Random& random = world_.random;
  if (is_cut_off_ || (!world_.is_calm && random.percent(world_.scenario.pushes_lost))) {
    return;
  }
  const bool is_late = !world_.is_calm && random.percent(world_.scenario.pushes_late);
  for (int copies = is_late && random.once_in(3) ? 2 : 1; copies > 0; --copies) {
    const Nanoseconds more = is_late ? random.between(0ns, 2 * longest_ttl) : 0ns;
    world_.timeline.after(delay() + more, [this, grant] {
      deliver([this, grant] {
        const auto receiver = receivers_.find(grant.owner.id);
        if (receiver != receivers_.end()) {
          receiver->second.granted(grant);
        }
      });
    });
  }
}

void Process::subscribe() {
  if (is_gone_) {
    return;
  }
  is_subscribed_ = true;
  world_.server.listen(
      id_, {.granted = [this](const Grant& grant) { push(grant); }, .pushes_resumed = [] {}});
  deliver([this] {
    for (const auto& [id, receiver] : receivers_) {
      receiver.pushes_resumed();
    }
  });
}

void Process::lose_subscription() {
  is_subscribed_ = false;
  world_.server.hang_up(id_);
}

void Process::store_time_seen(Instant requested_at, std::optional<StoreTime> store_time) {
  if (!store_time) {
    return;
  }
  if (world_.mutant == Mutant::clock_watch_forgets) {
    clock_watch_ = {};
  }
  const bool is_late = world_.mutant == Mutant::clock_watch_from_receipt;
  const auto step = clock_watch_.observe(is_late ? now() : requested_at, now(), *store_time);
  if (step && step->most > 0us && world_.mutant != Mutant::clock_step_changes_nothing) {
    for (const auto& [id, receiver] : receivers_) {
      receiver.clock_stepped(step->most);
    }
  }
  if (world_.mutant != Mutant::clock_stops_in_pause) {
    world_.checkers.clock_looked_at(
        id_, {.from = clock_.truly(requested_at), .to = world_.timeline.now()}, step.has_value());
  }
}

// --- what befalls it ---------------------------------------------------------------------------

void Process::pause() {
  if (!std::exchange(is_paused_, true)) {
    paused_at_ = world_.timeline.now();
  }
}

void Process::resume() {
  if (!std::exchange(is_paused_, false)) {
    return;
  }
  if (world_.mutant == Mutant::clock_stops_in_pause) {
    clock_.stand_still(world_.timeline.now() - paused_at_);
  }
  awake_since_ = now();
  for (auto& task : std::exchange(waiting_, {})) {
    world_.timeline.after(0ns, [this, task = std::move(task)] { deliver(task); });
  }
}

void Process::crash(Death death) {
  is_paused_ = false;
  is_gone_ = true;
  waiting_.clear();
  if (death == Death::noticed) {
    lose_subscription();
  }
}

}  // namespace exclusive_lock::sim
