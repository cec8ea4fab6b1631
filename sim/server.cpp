#include "sim/server.hpp"

#include <sstream>
#include <utility>

#include "core/key_codec.hpp"
#include "core/record_codec.hpp"
#include "sim/mutant_store.hpp"
#include "sim/refusals.hpp"

namespace exclusive_lock::sim {
namespace {

// Deadlines are the network's business here.
constexpr Instant no_deadline = Instant::max();

template <class Reply>
Done<Reply> into(Answer<Reply>& answer) {
  return [&answer](Answer<Reply> got) { answer = std::move(got); };
}

}  // namespace

Server::Server(Timeline& timeline, Rate rate, Mutant mutant, Checkers& checkers, Trace& trace)
    : timeline_(timeline),
      wall_(timeline, rate),
      requesters_clock_(timeline),
      mutant_(mutant),
      checkers_(checkers),
      trace_(trace),
      memory_(make_memory_store(requesters_clock_, wall_)) {}

void Server::connect(ProcessId process, const ClockSource& requester) {
  const auto bare = memory_->client();
  clients_[process] = {
      .bare = bare, .store = with_bug(mutant_, memory_, bare), .clock = &requester};
}

void Server::listen(ProcessId process, Store::WakeUpListener listener) {
  const auto wake_up = [this, next = std::move(listener.wake_up)](const WakeUp& wake_up) {
    woken_.push_back(wake_up.owner);
    next(wake_up);
  };
  clients_.at(process).store->listen(
      {.wake_up = wake_up, .pushes_resumed = std::move(listener.pushes_resumed)});
  checkers_.heard(process, true);
}

void Server::hang_up(ProcessId process) {
  memory_->drop_client(*clients_.at(process).bare);
  checkers_.heard(process, false);
}

// --- the verbs ---------------------------------------------------------------------------------

Answer<AttemptReply> Server::attempt(ProcessId process, const AttemptRequest& request, Time time) {
  const Client& client = clients_.at(process);
  requesters_clock_.belongs_to(client.clock);
  const Seen before = look(request.key);
  const bool is_too_late = client.clock->now() > request.not_after;
  if (!is_too_late) {
    if (timeline_.now() < full_until_ && would_grow(before, request, pass_count(request.key))) {
      return refused(request, no_memory());
    }
    if (takes_no_writes() && would_write(before, request)) {
      return refused(request, no_writes());
    }
  }
  Answer<AttemptReply> answer;
  client.store->attempt(request, no_deadline, into(answer));
  const Seen after = look(request.key);
  const auto* reply = std::get_if<AttemptReply>(&answer);
  const auto is = [reply](AttemptReplyStatus outcome) {
    return reply != nullptr && reply->outcome == outcome;
  };
  tell({.verb = Verb::attempt,
        .key = request.key,
        .by = request.owner,
        .before = before,
        .after = after,
        .store_now = wall_.now(),
        .record_gone_at = {},
        .alive_for =
            request.wait_options ? std::optional(request.wait_options->alive_for) : std::nullopt,
        .keeps_place = request.wait_options && request.wait_options->arrived_at,
        .is_too_late = is_too_late,
        .is_repeated = time == Time::second,
        .was_granted = is(AttemptReplyStatus::granted),
        .was_refused = is(AttemptReplyStatus::busy) || is(AttemptReplyStatus::waiting),
        .still_waits = is(AttemptReplyStatus::waiting),
        .barging_limit = request.barging_limit});
  return answer;
}

Answer<HeartbeatReply> Server::carry_out(ProcessId process, const HeartbeatRequest& request) {
  const Client& client = clients_.at(process);
  requesters_clock_.belongs_to(client.clock);
  const Seen before = look(request.key);
  if (takes_no_writes() && would_write(before, request)) {
    return refused(request, no_writes());
  }
  Answer<HeartbeatReply> answer;
  client.store->heartbeat(request, no_deadline, into(answer));
  const Seen after = look(request.key);
  const auto* reply = std::get_if<HeartbeatReply>(&answer);
  tell({.verb = Verb::heartbeat,
        .key = request.key,
        .by = request.owner,
        .before = before,
        .after = after,
        .store_now = wall_.now(),
        .record_gone_at = {},
        .alive_for = request.alive_for,
        .was_granted = reply != nullptr && reply->outcome == HeartbeatReplyStatus::granted,
        .still_waits = reply != nullptr && reply->outcome == HeartbeatReplyStatus::waiting});
  return answer;
}

Answer<RefreshReply> Server::carry_out(ProcessId process,
                                       const std::vector<RefreshRequest>& requests) {
  const Client& client = clients_.at(process);
  requesters_clock_.belongs_to(client.clock);
  for (const RefreshRequest& request : requests) {
    if (takes_no_writes() && would_write(look(request.key), request)) {
      return refused(request, no_writes());  // and with it all others
    }
  }
  RefreshReply all{.verdicts = {}, .store_time = std::nullopt};
  for (const RefreshRequest& request : requests) {
    const auto answer = refresh(client, request);
    const auto& one = std::get<RefreshReply>(answer);
    all.verdicts.push_back(one.verdicts.at(0));
    all.store_time = one.store_time;
  }
  return all;
}

Answer<RefreshReply> Server::refresh(const Client& client, const RefreshRequest& request) {
  const Seen before = look(request.key);
  Answer<RefreshReply> answer;
  client.store->refresh({request}, no_deadline, into(answer));
  const Seen after = look(request.key);
  const auto* reply = std::get_if<RefreshReply>(&answer);
  tell({.verb = Verb::refresh,
        .key = request.key,
        .by = request.owner,
        .before = before,
        .after = after,
        .store_now = wall_.now(),
        .record_gone_at = {},
        .was_granted = reply != nullptr && reply->verdicts.at(0) == RefreshReplyStatus::refreshed});
  return answer;
}

Answer<ReleaseReply> Server::carry_out(ProcessId process, const ReleaseRequest& request) {
  const Client& client = clients_.at(process);
  requesters_clock_.belongs_to(client.clock);
  const Seen before = look(request.key);
  if (takes_no_writes() && would_write(before, request)) {
    return refused(request, no_writes());
  }
  Answer<ReleaseReply> answer;
  client.store->release(request, no_deadline, into(answer));
  const Seen after = look(request.key);
  tell({.verb = Verb::release,
        .key = request.key,
        .by = request.owner,
        .before = before,
        .after = after,
        .store_now = wall_.now(),
        .record_gone_at = {},
        .barging_limit = request.barging_limit,
        .is_done = request.done_for.has_value()});
  return answer;
}

Answer<InspectReply> Server::carry_out(ProcessId process, const InspectRequest& request) {
  Answer<InspectReply> answer;
  clients_.at(process).store->inspect(request.key, no_deadline, into(answer));
  return answer;
}

template <class Request>
StoreFailure Server::refused(const Request& request, StoreFailure why) const {
  trace_.say(request.key, [&] {
    return "server: refuses " + checkers_.name(request.owner) + ", " + why.message;
  });
  return why;
}

void Server::tell(StoreStep step) {
  step.record_gone_at = record_gone_at(step.after);
  step.woken = std::exchange(woken_, {});
  checkers_.store_stepped(step);
  tell_passed_over(step);
  trace_.say(step.key, [&] {
    static constexpr std::array verbs{"attempt", "heartbeat", "refresh", "release"};
    std::ostringstream text;
    text << "server: " << verbs.at(static_cast<std::size_t>(step.verb)) << " of "
         << checkers_.name(step.by);
    if (step.is_repeated) {
      text << " once more";
    }
    if (step.is_too_late) {
      text << ", too late";
    }
    text << "; held by "
         << (step.after.owner   ? checkers_.name(*step.after.owner)
             : step.after.value ? "a stranger"
                                : "nobody");
    if (step.after.remaining_ttl) {
      text << " for " << step.after.remaining_ttl->count() << " ms, fence "
           << step.after.fence.value;
    }
    for (const SeenWaiter& waiter : step.after.waiters) {
      text << (&waiter == step.after.waiters.data() ? "; waiting: " : ", ")
           << checkers_.name(waiter.owner);
    }
    return text.str();
  });
}

void Server::tell_passed_over(const StoreStep& step) const {
  for (const SeenWaiter& waiter : step.before.waiters) {
    const auto place = static_cast<std::size_t>(&waiter - step.before.waiters.data());
    const bool left = step.verb == Verb::release && step.by.id == waiter.owner.id;
    if (!left && step.after.owner != waiter.owner &&
        step.after.waiter(waiter.owner.id, place) == nullptr) {
      passed_over_(waiter.owner);
    }
  }
}

// --- what befalls it ---------------------------------------------------------------------------

// Equal instants keep their order on the timeline, and free_at_ never falls.
void Server::receive(std::function<void()> task) {
  if (!is_up_) {
    return;
  }
  const Instant now = timeline_.now();
  const Nanoseconds takes = now < slow_until_ ? task_takes_ : Nanoseconds(0);
  if (free_at_ < now && takes == Nanoseconds(0)) {
    task();
    return;
  }
  free_at_ = std::max(free_at_, now) + takes;
  timeline_.at(free_at_, [this, now, start = starts_, task = std::move(task)] {
    if (start != starts_) {
      return;
    }
    if (mutant_ == Mutant::backlog_is_in_time) {
      requesters_clock_.lag(timeline_.now() - now);
    }
    task();
    requesters_clock_.lag({});
  });
}

// What waits there is lost with it.
void Server::go_down() {
  is_up_ = false;
  ++starts_;
  free_at_ = timeline_.now();
}

void Server::lose_data() {
  memory_->wipe();
  checkers_.wiped();
  look_again();
}

void Server::lag_replica() {
  memory_->lag_replica();
  checkers_.replica_lagged();
}

void Server::promote_replica() {
  memory_->promote_replica();
  checkers_.replica_promoted();
  look_again();
}

void Server::step_clock(StoreTime by) {
  wall_.step(by);
  checkers_.clock_stepped(by, timeline_.now());
  look_again();
}

void Server::plant_if_free(const std::string& key, Milliseconds ttl) {
  if (!look(key).value) {
    memory_->plant(key, "1", ttl);
    look_again();
  }
}

void Server::look_again() {
  for (auto& [key, has_queue] : has_queue_) {
    has_queue = true;
    const Seen seen = look(key);
    checkers_.record_changed(key, seen, record_gone_at(seen));
  }
}

// inspect() shows a queue only beside a record, and of a long one its first; else everything()
// does.
Seen Server::look(const std::string& key) {
  Seen seen;
  bool& has_queue = has_queue_[key];
  bool is_all = false;
  memory_->inspect(key, no_deadline, [&](const Answer<InspectReply>& answer) {
    const auto& record = std::get<InspectReply>(answer).record;
    if (!record) {
      return;
    }
    seen.value = record->value;
    seen.owner = record_owner(record->value);
    seen.fence = record_fence(record->value).value_or(Fence{});
    seen.remaining_ttl = record->remaining_ttl;
    is_all = record->waiting == record->waiters.size();
    for (const StoredWaiter& waiter : record->waiters) {
      seen.waiters.push_back({.owner = waiter.owner, .arrived_at = waiter.arrived_at});
    }
  });
  if (!is_all && (seen.value || has_queue)) {
    seen.waiters = whole_queue(key);
  }
  has_queue = !seen.waiters.empty();
  return seen;
}

std::size_t Server::pass_count(const std::string& key) const {
  for (const StoredRecord& each : memory_->everything()) {
    const auto told = each.value.rfind("pass_count ");
    if (each.key == waiters_key(key).value() && told != std::string::npos) {
      return std::stoull(each.value.substr(told + std::string("pass_count ").size()));
    }
  }
  return 0;
}

std::vector<SeenWaiter> Server::whole_queue(const std::string& key) const {
  std::vector<SeenWaiter> waiters;
  for (const StoredRecord& each : memory_->everything()) {
    if (each.key == queue_key(key).value()) {
      std::istringstream lines(each.value);
      for (std::string line; std::getline(lines, line);) {
        waiters.push_back({.owner = parse_owner(line).value(), .arrived_at = {}});
      }
    }
  }
  return waiters;
}

Instant Server::record_gone_at(const Seen& seen) const {
  return seen.remaining_ttl ? wall_.truly_after(*seen.remaining_ttl)
         : seen.value       ? Instant::max()
                            : timeline_.now();
}

std::vector<std::string> Server::leftovers() const {
  std::vector<std::string> keys;
  for (const StoredRecord& each : memory_->everything()) {
    bool is_fence = false;
    for (const auto& [key, has_queue] : has_queue_) {
      is_fence = is_fence || each.key == fence_key(key).value();
    }
    if (!is_fence) {
      keys.push_back(each.key);
    }
  }
  return keys;
}

}  // namespace exclusive_lock::sim
