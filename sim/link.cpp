#include "sim/link.hpp"

#include <stdexcept>
#include <type_traits>
#include <utility>

#include "exclusive_lock/error.hpp"
#include "sim/process.hpp"

namespace exclusive_lock::sim {
namespace {

using namespace std::chrono_literals;

// As RedisStore's.
constexpr Milliseconds max_retry_pause = 200ms;

StoreFailure not_sent() {
  return {.code = errc::store_unavailable, .message = "no connection", .may_have_run = false};
}

StoreFailure no_answer() {
  return {.code = errc::outcome_unknown, .message = "no answer", .may_have_run = true};
}

StoreFailure closed() {
  return {.code = errc::connection_closed, .message = "closed", .may_have_run = true};
}

}  // namespace

Link::Link(Process& process) : process_(process), world_(process.world()) {
  world_.server.connect(process_.id(), process_.clock());
}

// --- the verbs ---------------------------------------------------------------------------------

void Link::attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) {
  ask<AttemptReply>(std::move(request), deadline, std::move(done));
}

void Link::heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) {
  ask<HeartbeatReply>(std::move(request), deadline, std::move(done));
}

void Link::refresh(std::vector<RefreshRequest> requests, Instant deadline,
                   Done<RefreshReply> done) {
  ask<RefreshReply>(std::move(requests), deadline, std::move(done));
}

void Link::release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) {
  ask<ReleaseReply>(std::move(request), deadline, std::move(done));
}

void Link::inspect(std::string key, Instant deadline, Done<InspectReply> done) {
  ask<InspectReply>(Server::InspectRequest{.key = std::move(key)}, deadline, std::move(done));
}

void Link::list(std::string, std::size_t, Instant, Done<ListReply>) {
  throw std::logic_error("list is not simulated");
}

void Link::remove(std::string, std::string, Instant, Done<RemoveReply>) {
  throw std::logic_error("remove is not simulated");
}

void Link::list_marks(std::string, std::size_t, Instant, Done<ListMarksReply>) {
  throw std::logic_error("list_marks is not simulated");
}

void Link::forget(std::string, Instant, Done<ForgetReply>) {
  throw std::logic_error("forget is not simulated");
}

Milliseconds Link::retry_pause() const { return max_retry_pause; }

template <class Reply, class Request>
void Link::ask(Request request, Instant deadline, Done<Reply> done) {
  if (is_closed_) {
    done(closed());
    return;
  }
  const auto shared = std::make_shared<const Done<Reply>>(std::move(done));
  const std::uint64_t number = ++requests_;
  unanswered_.emplace(number, [shared](const StoreFailure& failure) { (*shared)(failure); });
  const auto answer_it = [this, number, shared,
                          asked_at = process_.now()](const Answer<Reply>& with) {
    answer(number, asked_at, *shared, with);
  };
  if (is_cut_off_ && world_.random.once_in(3)) {  // it knows
    process_.after(delay(), [answer_it] { answer_it(not_sent()); });
    return;
  }
  if (world_.mutant != Mutant::waits_for_every_answer) {
    process_.at(deadline, [answer_it] { answer_it(no_answer()); });
  }
  if (is_lost()) {
    return;
  }
  if constexpr (std::is_same_v<Request, ReleaseRequest>) {
    if (is_lost_in_calm(request)) {
      return;
    }
  }
  Instant arrives = arrival();
  if constexpr (std::is_same_v<Request, AttemptRequest>) {
    if (world_.is_calm && world_.random.percent(world_.scenario.sent_again_in_calm)) {
      arrives += world_.random.between(0ns, 20ms);
    }
    if (!world_.is_calm && world_.random.percent(world_.scenario.repeated)) {
      repeat_later(request, arrives);
    }
    if (!world_.is_calm && world_.random.percent(world_.scenario.pushes_forged)) {
      forge_push(request.owner);
    }
  }
  world_.timeline.at(arrives, [this, request = std::move(request), answer_it] {
    world_.server.receive([this, request, answer_it] {
      const auto reply = world_.server.carry_out(process_.id(), request);
      if (is_lost()) {
        return;
      }
      last_reply_ = std::max(world_.timeline.now() + delay(), last_reply_);
      world_.timeline.at(last_reply_, [this, answer_it, reply] {
        process_.deliver([answer_it, reply] { answer_it(reply); });
      });
    });
  });
}

// The first one counts. One with the store's time is a look at the store's clock.
template <class Reply>
void Link::answer(std::uint64_t request, Instant asked_at, const Done<Reply>& done,
                  const Answer<Reply>& with) {
  if (unanswered_.erase(request) == 0) {
    return;
  }
  bool is_look = false;
  if constexpr (!std::is_same_v<Reply, ReleaseReply> && !std::is_same_v<Reply, InspectReply>) {
    const auto* reply = std::get_if<Reply>(&with);
    is_look = reply != nullptr && reply->store_time;
  }
  const auto steps_before = process_.steps_seen();
  done(with);
  if (is_look && world_.mutant != Mutant::clock_stops_in_pause) {
    world_.checkers.clock_looked_at(
        process_.id(), {.from = process_.clock().truly(asked_at), .to = world_.timeline.now()},
        {.as_stepped = process_.steps_seen() != steps_before,
         .as_slewed = process_.engine().drift() > usual_drift});
  }
}

void Link::close() {
  is_closed_ = true;
  for (const auto& [number, fail] : std::exchange(unanswered_, {})) {
    fail(closed());
  }
}

// --- the network -------------------------------------------------------------------------------

Instant Link::arrival() {
  const Instant arrives = world_.timeline.now() + delay();
  if (!world_.is_calm && world_.random.percent(world_.scenario.late)) {
    return arrives + world_.random.between(Nanoseconds(0), 2 * max_ttl);
  }
  return last_arrival_ = std::max(arrives, last_arrival_);
}

bool Link::is_lost() {
  return is_cut_off_ || (!world_.is_calm && world_.random.percent(world_.scenario.lost));
}

bool Link::is_lost_in_calm(const ReleaseRequest& request) {
  return world_.is_calm && world_.scenario.releases_lost_in_calm &&
         released_in_calm_.insert({request.owner.id, request.owner.ticket}).second;
}

Nanoseconds Link::delay() {
  return world_.random.between(20us, world_.is_calm ? 1ms : world_.scenario.max_delay);
}

// Mostly at once, as from a connection that was sent everything again, and often too late.
void Link::repeat_later(const AttemptRequest& request, Instant arrives) {
  Random& random = world_.random;
  const Nanoseconds pause =
      random.once_in(2) ? random.between(0ns, 20ms) : random.between(Nanoseconds(0), 2 * max_ttl);
  world_.timeline.at(arrives + pause, [this, request] {
    world_.server.receive([this, request] { world_.server.repeat(process_.id(), request); });
  });
}

// --- pushes ------------------------------------------------------------------------------------

void Link::listen(WakeUpListener listener) { listener_ = std::move(listener); }

void Link::push(const WakeUp& wake_up) {
  Random& random = world_.random;
  const Scenario& scenario = world_.scenario;
  if (is_cut_off_ ||
      random.percent(world_.is_calm ? scenario.pushes_lost_in_calm : scenario.pushes_lost)) {
    return;
  }
  const bool is_late = !world_.is_calm && random.percent(world_.scenario.pushes_late);
  for (int copies = is_late && random.once_in(3) ? 2 : 1; copies > 0; --copies) {
    const Nanoseconds more = is_late ? random.between(0ns, 2 * max_ttl) : 0ns;
    world_.timeline.after(delay() + more, [this, wake_up] {
      process_.deliver([this, wake_up] { listener_.wake_up(wake_up); });
    });
  }
}

// For this ticket, or the one before or after it, whatever has become of it by then.
void Link::forge_push(Owner owner) {
  owner.ticket += world_.random.below(3) - 1;
  world_.timeline.after(world_.random.between(Nanoseconds(0), 2 * max_ttl), [this, owner] {
    process_.deliver([this, owner] { listener_.wake_up({.owner = owner}); });
  });
}

void Link::subscribe() {
  if (process_.is_gone()) {
    return;
  }
  is_left_behind_ = false;
  is_subscribed_ = true;
  world_.server.listen(process_.id(), {.wake_up = [this](const WakeUp& wake_up) { push(wake_up); },
                                       .pushes_resumed = [] {}});
  process_.deliver([this] { listener_.pushes_resumed(); });
}

void Link::leave_subscription_behind() {
  if (is_subscribed_) {
    is_left_behind_ = true;
    world_.server.hang_up(process_.id());
  }
}

void Link::notice_left_behind() {
  if (is_left_behind_ && world_.mutant != Mutant::stays_with_former_master) {
    subscribe();
  }
}

void Link::hear_all_the_same(const Owner& owner) {
  if (is_left_behind_ || world_.random.percent(world_.scenario.pushes_forged)) {
    push({.owner = owner});
  }
}

void Link::lose_subscription() {
  is_left_behind_ = false;
  is_subscribed_ = false;
  world_.server.hang_up(process_.id());
}

}  // namespace exclusive_lock::sim
