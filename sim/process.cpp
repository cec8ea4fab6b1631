#include "sim/process.hpp"

#include <utility>

#include "sim/mutant_link.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

// How late a timer rings on a machine that has other things to do.
constexpr Nanoseconds usual_lateness = 200us;
constexpr Nanoseconds max_lateness = 60ms;
// Beyond everything that a release is tried again for.
constexpr Nanoseconds long_afterwards = 24h;

}  // namespace

Process::Process(World& world, ProcessId id, std::string name)
    : world_(world), id_(id), name_(std::move(name)) {
  auto clock = std::make_unique<ProcessClock>(
      world.timeline, world.random.between(-max_client_rate, max_client_rate));
  auto waker = std::make_unique<SimulatedWaker>(*this);
  clock_ = clock.get();
  waker_ = waker.get();
  link_ = std::make_shared<Link>(*this);
  std::unique_ptr<Notifier> losses = std::make_unique<SimulatedNotifier>(*this);
  if (world.mutant == Mutant::stops_no_token) {
    losses = std::make_unique<DeafNotifier>();
  }
  const Milliseconds timeout(world.random.between(min_ttl.count() / 5, max_ttl.count()));
  engine_ = std::make_unique<Engine>(
      with_bug(world.mutant, *this, link_),
      EngineOptions{.command_timeout = timeout, .log = nullptr},
      EngineEnvironment{.clock = std::move(clock),
                        .random = std::make_unique<SimulatedRandom>(world.random),
                        .waker = std::move(waker),
                        .events = std::make_unique<SimulatedNotifier>(*this),
                        .losses = std::move(losses)});
  engine_->subscribe(steps_seen_);
  link_->subscribe();
}

Process::~Process() { end(); }

void Process::at(Instant when, std::function<void()> task) {
  Random& random = world_.random;
  const Nanoseconds lateness =
      random.once_in(20) ? random.between(0ns, max_lateness) : random.between(0ns, usual_lateness);
  world_.timeline.at(clock_->truly(when) + lateness,
                     [this, task = std::move(task)] { deliver(task); });
}

void Process::deliver(std::function<void()> task) {
  if (is_paused_) {
    waiting_.push_back(std::move(task));
  } else if (!is_gone_) {
    task();
  }
}

void Process::add(const std::shared_ptr<SimulatedHandle>& object) {
  objects_[object->owner_id()] = object;
}

std::shared_ptr<SimulatedHandle> Process::object(const OwnerId& id) const {
  const auto found = objects_.find(id);
  return found == objects_.end() ? nullptr : found->second.lock();
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
    clock_->stand_still(world_.timeline.now() - paused_at_);
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
    link_->lose_subscription();
  }
}

void Process::end() {
  if (std::exchange(has_ended_, true)) {
    return;
  }
  link_->close();
  // Releases that would be tried again later hear it now.
  clock_->seen_at(now() + long_afterwards, [this] { waker_->wake(); });
}

}  // namespace exclusive_lock::sim
