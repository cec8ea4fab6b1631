#include "sim/job_host.hpp"

#include <utility>

#include "core/done_mark.hpp"

namespace exclusive_lock::sim {

using namespace std::chrono_literals;

JobHost::JobHost(Process& process, LockSettings settings)
    : process_(process),
      ttl_(settings.ttl),
      lock_(process, std::move(settings),
            {.acquire_ended = [this](bool acquired) { acquire_ended(acquired); },
             .lost = [this] { rest(); },
             .released = [this] { rest(); }}) {}

Milliseconds JobHost::closed_part() const {
  const Milliseconds period = process_.world().scenario.period;
  return period - period / 10;
}

void JobHost::rest() {
  ++turn_;
  const Nanoseconds pause = random().once_in(2)
                                ? random().between(0ns, 50ms)
                                : random().between(Nanoseconds(0), Nanoseconds(closed_part()));
  process_.after(pause, [this, turn = turn_] {
    if (turn == turn_) {
      begin();
    }
  });
}

void JobHost::begin() {
  ++turn_;
  if (world().is_closing) {
    is_done_ = true;
    return;
  }
  look([this](Answer answer) {
    if (answer != Answer::due) {
      rest();
      return;
    }
    ++turn_;
    lock_.acquire_until(process_.now() + random().between(Nanoseconds(0), Nanoseconds(2 * ttl_)));
  });
}

void JobHost::acquire_ended(bool acquired) {
  if (!acquired || !lock_.is_held()) {
    rest();
    return;
  }
  ++turn_;
  look([this](Answer answer) {
    if (answer == Answer::due) {
      close_and_work();
    } else {
      let_go();
    }
  });
}

void JobHost::look(std::function<void(Answer)> then) {
  lock_.look([this, turn = turn_, then = std::move(then)](const InspectReply* seen) {
    if (turn == turn_) {
      then(seen == nullptr ? Answer::unknown : judge(*seen));
    }
  });
}

JobHost::Answer JobHost::judge(const InspectReply& seen) {
  const auto done = seen.mark ? decode_done_mark(*seen.mark) : std::nullopt;
  if (!done) {
    return Answer::due;
  }
  const auto began = std::chrono::duration_cast<StoreTime>(done->began.time_since_epoch());
  StoreTime age = seen.mark->read_at - began;
  if (world().mutant == Mutant::age_by_own_clock) {
    age = std::chrono::duration_cast<StoreTime>(process_.now().time_since_epoch()) - began;
  }
  Milliseconds closed = closed_part();
  if (world().mutant == Mutant::tolerance_is_ignored) {
    closed = world().scenario.period;
  }
  const bool is_believed = age > -closed || world().mutant == Mutant::future_is_believed;
  if (age >= closed || !is_believed) {
    return Answer::due;
  }
  world().checkers.skipped(lock_.key(), began, seen.mark->read_at, closed_part());
  return Answer::recent;
}

// In a third of the runs the name is to stay closed for a while.
void JobHost::close_and_work() {
  if (!random().once_in(3)) {
    work();
    return;
  }
  const Milliseconds min_hold(random().between(50, 1000));
  lock_.hold_at_least(min_hold, [this, turn = turn_](bool is_closed) {
    if (turn != turn_) {
      return;
    }
    if (is_closed) {
      work();
    } else {
      let_go();
    }
  });
}

void JobHost::work() {
  if (!lock_.is_held()) {
    let_go();
    return;
  }
  ++turn_;
  world().checkers.run_began(lock_.key(), lock_.owner(), world().server.time(), closed_part());
  const Nanoseconds takes = random().once_in(2)
                                ? random().between(0ns, 30ms)
                                : random().between(Nanoseconds(0), Nanoseconds(ttl_ * 6 / 5));
  process_.after(takes, [this, turn = turn_] {
    if (turn == turn_) {
      end_work();
    }
  });
}

void JobHost::end_work() {
  ++turn_;
  const bool has_succeeded = random().percent(70) && lock_.is_held();
  if (has_succeeded) {
    world().checkers.run_succeeded(lock_.key(), lock_.owner());
  }
  if (has_succeeded || world().mutant == Mutant::failure_is_recorded) {
    lock_.release_done(world().scenario.period);
  } else {
    lock_.release();
  }
}

void JobHost::let_go() {
  ++turn_;
  lock_.release();
}

}  // namespace exclusive_lock::sim
