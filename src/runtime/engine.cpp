#include "runtime/engine.hpp"

#include <spdlog/spdlog.h>

#include <utility>
#include <vector>

#include "exclusive_lock/connection.hpp"
#include "runtime/notifier_thread.hpp"
#include "runtime/store_thread.hpp"
#include "runtime/timer_thread.hpp"

namespace exclusive_lock {
namespace {

// A stop callback that takes longer does not delay the tokens of other locks.
constexpr std::chrono::milliseconds stop_callback_limit{1};

// Starts three threads. Throws std::system_error if there can be no more of them.
EngineEnvironment system_environment() {
  return {.clock = std::make_unique<SystemClockSource>(),
          .random = std::make_unique<SystemRandomSource>(),
          .waker = std::make_unique<TimerThread>(),
          .events = std::make_unique<NotifierThread>(),
          .losses = std::make_unique<NotifierThread>(stop_callback_limit)};
}

EngineOptions with_log_writer(EngineOptions options) {
  if (!options.log_writer)
    options.log_writer = std::make_shared<LogWriter>();
  return options;
}

}  // namespace

Engine::Engine(std::shared_ptr<Store> store, EngineOptions options, EngineEnvironment environment)
    : environment_(std::move(environment)),
      options_(with_log_writer(std::move(options))),
      log_(exclusive_lock::in_background(options_.log, options_.log_writer)),
      store_(store->blocks() ? std::make_shared<StoreThread>(
                                   std::move(store), [this] { return scheduler_.in_round(); })
                             : std::move(store)),
      refresher_(
          *store_, clock(), options_.command_timeout,
          [this](Instant requested_at, StoreTime time) { store_time_seen(requested_at, time); }),
      scheduler_(clock(), *environment_.waker, [this] { refresher_.flush(); }),
      releaser_(*store_, clock(), random(), scheduler_, options_.command_timeout) {
  store_->listen({.wake_up = [this](const WakeUp& wake_up) { pushes_.wake_up(wake_up); },
                  .pushes_resumed = [this] { pushes_.pushes_resumed(); }});
}

Engine::~Engine() {
  releaser_.settle();
  scheduler_.stop();
  store_->close();
}

SharedText Engine::in_common(std::string text) {
  const std::lock_guard guard(text_mutex_);
  if (*last_text_ != text)
    last_text_ = std::move(text);
  return last_text_;
}

std::shared_ptr<BackgroundLog> Engine::in_background(std::shared_ptr<spdlog::logger> log) {
  if (!log || (log_ && log_->target() == log))
    return log ? log_ : nullptr;
  std::shared_ptr<BackgroundLog> dropped;  // goes without the mutex: it may own a sink
  const std::lock_guard guard(text_mutex_);
  if (!last_log_ || last_log_->target() != log) {
    dropped = std::move(last_log_);
    last_log_ = exclusive_lock::in_background(std::move(log), options_.log_writer);
  }
  return last_log_;
}

void Engine::store_time_seen(Instant requested_at, StoreTime store_time) {
  std::vector<std::weak_ptr<ClockListener>> listeners;
  std::optional<StoreClockWatch::Step> step;
  Drift before{};
  Drift drift{};
  {
    const std::lock_guard guard(clock_watch_mutex_);
    before = clock_watch_.drift();
    step = clock_watch_.observe(requested_at, clock().now(), store_time);
    drift = clock_watch_.drift();
    if (!step && drift == before)
      return;
    drift_ = drift;
    listeners = listeners_;
  }
  if (step)
    log_step(*step);
  if (drift != before)
    log_drift(before, drift);
  for (const auto& each : listeners) {
    const auto listener = each.lock();
    if (listener && step)
      listener->store_clock_stepped(step->most);
    if (listener && drift > before)
      listener->store_clock_drifts();
  }
}

void Engine::log_step(const StoreClockWatch::Step& step) const {
  if (log_) {
    log_->warn("the clock of {} stepped by {} to {} us; {}", store_->url(), step.least.count(),
               step.most.count(),
               step.most <= std::chrono::microseconds::zero()
                   ? "locks of dead holders last that much longer"
                   : "locks on it expire early: holds are shortened and refreshed");
  }
}

void Engine::log_drift(Drift before, Drift drift) const {
  if (!log_)
    return;
  if (drift == usual_drift) {
    log_->info("the clock of {} keeps the rate of our own again", store_->url());
  } else if (before == usual_drift) {
    log_->warn(
        "the clock of {} gains on ours, by up to {} ppm: it is being slewed, or was set by a bit; "
        "holds are counted shorter by as much meanwhile. Let its time daemon slew more slowly "
        "(chrony: maxslewrate 10000)",
        store_->url(), drift.ppm);
  }
}

void Engine::subscribe(const std::shared_ptr<ClockListener>& listener) {
  const std::lock_guard guard(clock_watch_mutex_);
  listener->place_ = listeners_.size();
  listeners_.push_back(listener);
}

// The last one takes its place.
void Engine::unsubscribe(ClockListener& listener) {
  const std::lock_guard guard(clock_watch_mutex_);
  if (const auto last = listeners_.back().lock())
    last->place_ = listener.place_;
  listeners_.at(listener.place_).swap(listeners_.back());
  listeners_.pop_back();
}

std::shared_ptr<Engine> make_engine(std::shared_ptr<Store> store, EngineOptions options) {
  auto engine =
      std::make_unique<Engine>(std::move(store), std::move(options), system_environment());
  // In a child after fork() the threads to be joined do not exist, and the sockets are the
  // parent's: leave all of it alone, and let the memory go with the process.
  return {engine.release(), [](Engine* mine) {
            if (mine->is_in_its_process())
              delete mine;
          }};
}

Connection::Connection(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

Connection::~Connection() = default;

const std::string& Connection::url() const noexcept { return engine_->store().url(); }

}  // namespace exclusive_lock
