#pragma once
// One process: its clock, its timers and its connection, and what befalls them. What its locks have
// in common, as runtime/engine.hpp has it in a real one.
//
// A paused process does nothing; what comes meanwhile waits in its order. A crashed one is gone.
// Requests go over one connection, in order; one that is *late* belongs to an older connection,
// whose bytes may still be carried out. An attempt may be carried out a second time later, whose
// answer nobody hears. Pushes take a way of their own.

#include <functional>
#include <map>
#include <type_traits>
#include <vector>

#include "core/refresh_calendar.hpp"
#include "core/store_clock_watch.hpp"
#include "sim/world.hpp"

namespace exclusive_lock::sim {

class Process {
 public:
  Process(World& world, ProcessId id, std::string name);

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] ProcessId id() const { return id_; }
  [[nodiscard]] const ProcessClock& clock() const { return clock_; }
  [[nodiscard]] Instant now() const { return clock_.now(); }

  // Rings when the own clock shows `when`, or a bit later.
  void at(Instant when, std::function<void()> task);
  void after(Nanoseconds pause, std::function<void()> task) { at(now() + pause, std::move(task)); }

  // Carries a request to the store and its answer back. `done` is called once, by the deadline.
  template <class Reply, class Request>
  void ask(const Request& request, Instant deadline, Done<Reply> done);

  // Those whom a push or a step of the store's clock concerns.
  struct Receiver {
    std::function<void(const Grant&)> granted;
    std::function<void()> pushes_resumed;
    std::function<void(std::chrono::microseconds)> clock_stepped;
  };
  void receive(const OwnerId& id, Receiver receiver) { receivers_[id] = std::move(receiver); }
  // As the connection's refresher plans it.
  Instant plan_refresh(Instant due, Milliseconds interval) {
    return calendar_.plan(due, interval, now());
  }
  void store_time_seen(Instant requested_at, std::optional<StoreTime> store_time);
  [[nodiscard]] bool is_subscribed() const { return is_subscribed_; }

  // --- what befalls it ---
  void pause();
  void resume();
  // Whether the kernel closes its connections, or the machine is gone as well.
  enum class Death { noticed, unnoticed };
  void crash(Death death);
  void cut_off() { is_cut_off_ = true; }
  void heal() { is_cut_off_ = false; }
  void lose_subscription();
  void subscribe();
  // By the own clock; none while it is paused.
  [[nodiscard]] std::optional<Instant> awake_since() const {
    return is_paused_ ? std::nullopt : std::optional(awake_since_);
  }
  [[nodiscard]] bool is_gone() const { return is_gone_; }

 private:
  struct Flight {
    bool is_answered = false;
  };
  void deliver(std::function<void()> task);
  void repeat_later(const AttemptRequest& request, Instant arrives);
  void push(const Grant& grant);
  [[nodiscard]] bool is_lost();
  [[nodiscard]] Nanoseconds delay();
  [[nodiscard]] StoreFailure not_sent() const;
  [[nodiscard]] StoreFailure unanswered() const;

  World& world_;
  ProcessId id_;
  std::string name_;
  ProcessClock clock_;
  std::map<OwnerId, Receiver> receivers_;
  StoreClockWatch clock_watch_;
  RefreshCalendar calendar_;
  std::vector<std::function<void()>> waiting_;  // while it is paused
  Instant paused_at_{};
  Instant awake_since_{};
  Instant last_arrival_{};  // of a request, at the store
  Instant last_reply_{};
  bool is_paused_ = false;
  bool is_gone_ = false;
  bool is_cut_off_ = false;
  bool is_subscribed_ = false;
};

template <class Reply, class Request>
void Process::ask(const Request& request, Instant deadline, Done<Reply> done) {
  const auto flight = std::make_shared<Flight>();
  const auto answer = [flight, done = std::move(done)](const Answer<Reply>& with) {
    if (!std::exchange(flight->is_answered, true)) {
      done(with);
    }
  };
  Random& random = world_.random;
  Timeline& timeline = world_.timeline;
  if (is_cut_off_ && random.once_in(3)) {  // it knows
    after(delay(), [this, answer] { answer(not_sent()); });
    return;
  }
  at(deadline, [this, answer] { answer(unanswered()); });
  if (is_lost()) {
    return;
  }
  Instant arrives = timeline.now() + delay();
  if (!world_.is_calm && random.percent(world_.scenario.late)) {
    arrives += random.between(Nanoseconds(0), 2 * longest_ttl);
  } else {
    arrives = last_arrival_ = std::max(arrives, last_arrival_);
  }
  if constexpr (std::is_same_v<Request, AttemptRequest>) {
    if (!world_.is_calm && random.percent(world_.scenario.repeated)) {
      repeat_later(request, arrives);
    }
  }
  timeline.at(arrives, [this, request, answer] {
    world_.server.receive([this, request, answer] {
      const auto reply = world_.server.carry_out(id_, request);
      if (is_lost()) {
        return;
      }
      last_reply_ = std::max(world_.timeline.now() + delay(), last_reply_);
      world_.timeline.at(last_reply_,
                         [this, answer, reply] { deliver([answer, reply] { answer(reply); }); });
    });
  });
}

}  // namespace exclusive_lock::sim
