#include "sim/worker.hpp"

#include <utility>

namespace exclusive_lock::sim {

using namespace std::chrono_literals;

Worker::Worker(Process& process, LockSettings settings)
    : process_(process),
      ttl_(settings.ttl),
      lock_(process, std::move(settings),
            {.acquire_ended = [this](bool acquired) { acquire_ended(acquired); },
             .lost = [this] { lost(); },
             .released =
                 [this] {
                   if (doing_ == Doing::releasing) {
                     rest();
                   }
                 }}) {
  if (world().scenario.objects_are_shared) {
    beside_.emplace(process_, lock_, ttl_);
  }
}

void Worker::start() {
  rest();
  if (beside_) {
    beside_->start();
  }
}

void Worker::rest() {
  doing_ = Doing::nothing;
  ++turn_;
  const Nanoseconds pause = random().once_in(2)
                                ? random().between(0ns, 20ms)
                                : random().between(Nanoseconds(0), Nanoseconds(ttl_));
  process_.after(pause, [this] { begin(); });
}

void Worker::begin() {
  if (world().is_closing) {
    is_done_ = true;
    return;
  }
  doing_ = Doing::acquiring;
  if (random().percent(25)) {
    lock_.try_acquire();
    return;
  }
  const bool is_patient = random().percent(50);
  const Nanoseconds max_wait = random().between(Nanoseconds(0), Nanoseconds(2 * ttl_));
  lock_.acquire_until(is_patient ? std::nullopt : std::optional(process_.now() + max_wait));
  if (random().percent(25)) {
    process_.after(random().between(Nanoseconds(0), Nanoseconds(2 * ttl_)), [this, turn = turn_] {
      if (turn == turn_) {
        lock_.cancel();
      }
    });
  }
}

void Worker::acquire_ended(bool acquired) {
  if (!acquired || !lock_.is_held()) {  // perhaps lost meanwhile
    rest();
    return;
  }
  hold();
}

void Worker::hold() {
  ++turn_;
  doing_ = Doing::holding;
  const Nanoseconds whole = random().once_in(2)
                                ? random().between(0ns, 30ms)
                                : random().between(Nanoseconds(0), Nanoseconds(ttl_ * 6 / 5));
  for (auto deeds = random().below(4); deeds > 0; --deeds) {
    process_.after(random().between(0ns, whole), [this, turn = turn_] {
      if (turn == turn_) {
        do_something();
      }
    });
  }
  process_.after(whole, [this, turn = turn_] {
    if (turn == turn_) {
      doing_ = Doing::releasing;
      ++turn_;
      lock_.release();
    }
  });
}

void Worker::do_something() {
  if (!lock_.is_held()) {
    doing_ = Doing::releasing;
    ++turn_;
    lock_.release();
  } else if (random().once_in(4)) {
    lock_.refresh();
  } else {
    write();
  }
}

// On its way to the resource a write takes its time: that is what fences are for.
void Worker::write() {
  const Nanoseconds way = random().once_in(5)
                              ? random().between(Nanoseconds(0), Nanoseconds(2 * ttl_))
                              : random().between(0ns, 5ms);
  world().timeline.after(
      way, [this, key = lock_.key(), fence = lock_.fence(), owner = lock_.owner()] {
        const bool is_accepted =
            world().resources[key].admit(fence) || world().mutant == Mutant::resource_takes_all;
        world().checkers.written(key, owner, fence, is_accepted);
        world().trace.say(key, [&] {
          return "a write of " + world().checkers.name(owner) + " was " +
                 (is_accepted ? "accepted" : "refused");
        });
      });
}

void Worker::lost() {
  if (doing_ == Doing::holding) {
    rest();
  }
}

}  // namespace exclusive_lock::sim
