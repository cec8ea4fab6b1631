// What a fleet can wait for: by what its workers wrote down.

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "faults/fleet.hpp"

namespace exclusive_lock::faults {

void Fleet::await(const std::string& what, const std::function<bool()>& condition) {
  const Instant give_up_at = BootClock::now() + max_wait;
  while (!condition()) {
    expect_alive();
    if (BootClock::now() > give_up_at) {
      throw std::runtime_error("it did not come: " + what + complaints());
    }
    std::this_thread::sleep_for(look_pause);
  }
}

// By the instants that workers wrote down, as the checker does it: a hold that began before may be
// written into its diary after this was called.
void Fleet::await_turns() {
  const Instant since = BootClock::now();
  std::vector<int> awaited = living();
  std::erase_if(awaited, [&](int number) { return workers_.at(number).is_stopped; });
  await("a turn of every worker", [&] {
    return std::all_of(awaited.begin(), awaited.end(),
                       [&](int number) { return has_held(number, since); });
  });
}

bool Fleet::has_held(int number, Instant since) {
  const auto last = reader(number).last_hold();
  return last && last->believed_from >= since;
}

void Fleet::await_hold_of(int number) {
  const Instant since = BootClock::now();
  await("a hold of worker " + std::to_string(number), [&] { return has_held(number, since); });
}

// Who began after the wish holds for long. By its age alone, a short hold of a worker that was not
// run would count too.
int Fleet::await_long_holder(int but) {
  wish("long");
  const Instant wished_at = BootClock::now();
  int holder = 0;
  await("somebody who holds for long", [&] {
    for (const Hold& hold : last_holds()) {
      const bool is_young = BootClock::now() - hold.believed_from < options_.refresh;
      if (hold.end == HoldEnd::open && hold.believed_from > wished_at && is_young &&
          !workers_.at(hold.worker).is_stopped && workers_.at(hold.worker).pid != 0 &&
          hold.worker != but) {
        holder = hold.worker;
      }
    }
    return holder != 0;
  });
  end_wish("long");
  return holder;
}

void Fleet::await_loss(int holder) {
  await("a loss of worker " + std::to_string(holder),
        [&] { return reader(holder).last_hold()->end == HoldEnd::lost; });
}

bool Fleet::await_near_end(int holder) {
  const auto hold = reader(holder).last_hold();
  const auto is_over = [&] { return reader(holder).last_hold()->end != HoldEnd::open; };
  await("the end of a long hold", [&] {
    return is_over() || BootClock::now() >= hold->believed_from + options_.ttl * 11 / 10;
  });
  return !is_over();
}

void Fleet::await_new_hold() {
  const std::size_t before = holds();
  await("a new hold", [&] { return holds() > before; });
}

void Fleet::await_failure(errc code, Instant since) {
  await("the failure '" + make_error_code(code).message() + "'", [&] {
    return std::any_of(workers_.begin(), workers_.end(),
                       [&](const auto& each) { return has_been_told(each.first, code, since); });
  });
}

void Fleet::await_turns_or_failure(errc code, Instant since) {
  const std::vector<int> awaited = living();
  await("a turn, or the failure '" + make_error_code(code).message() + "', of every worker", [&] {
    return std::all_of(awaited.begin(), awaited.end(), [&](int number) {
      return has_held(number, since) || has_been_told(number, code, since);
    });
  });
}

bool Fleet::has_been_told(int number, errc code, Instant since) {
  const auto& failures = reader(number).failures();
  return std::any_of(failures.begin(), failures.end(), [&](const Failure& failure) {
    return failure.code == code && failure.told_at >= since;
  });
}

}  // namespace exclusive_lock::faults
