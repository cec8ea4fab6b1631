#pragma once
// The store's side: one memory store with a clock of its own, its clients, and what befalls it.
// Every verb is one step, which the checkers see from both sides.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/checkers.hpp"
#include "sim/clocks.hpp"
#include "sim/mutants.hpp"
#include "sim/random.hpp"
#include "sim/trace.hpp"

namespace exclusive_lock::sim {

class Server {
 public:
  Server(Timeline& timeline, Rate rate, Mutant mutant, Checkers& checkers, Trace& trace);

  // A connection of `process`, whose clock `requester` is.
  void connect(ProcessId process, const ClockSource& requester);
  void listen(ProcessId process, Store::WakeUpListener listener);
  // Its subscription is gone, and the server knows.
  void hang_up(ProcessId process);

  Answer<AttemptReply> carry_out(ProcessId process, const AttemptRequest& request) {
    return attempt(process, request, Time::first);
  }
  // The same attempt once more.
  void repeat(ProcessId process, const AttemptRequest& request) {
    static_cast<void>(attempt(process, request, Time::second));
  }
  Answer<HeartbeatReply> carry_out(ProcessId process, const HeartbeatRequest& request);
  // One after the other, as one step of the server.
  Answer<RefreshReply> carry_out(ProcessId process, const std::vector<RefreshRequest>& requests);
  Answer<ReleaseReply> carry_out(ProcessId process, const ReleaseRequest& request);
  struct InspectRequest {
    std::string key;
  };
  Answer<InspectReply> carry_out(ProcessId process, const InspectRequest& request);

  // Is told of waiters who lived, as far as they knew, and were passed over.
  void when_passed_over(std::function<void(const Owner&)> told) { passed_over_ = std::move(told); }

  // Something for the server to do has arrived: it is done at once, or behind what waits there, or
  // never where the server is away or restarts before.
  void receive(std::function<void()> task);
  void go_down();
  void come_up() { is_up_ = true; }
  // As SIGSTOP, or a script of somebody else that takes its time. What waits already has its turn
  // before.
  void stand_still(Nanoseconds pause) { free_at_ = std::max(free_at_, timeline_.now()) + pause; }
  // When it has done all that it has to do now.
  [[nodiscard]] Instant busy_until() const { return std::max(free_at_, timeline_.now()); }
  // Every task takes so long, for a while.
  void be_slow(Nanoseconds each, Nanoseconds lasts) {
    task_takes_ = each;
    slow_until_ = std::max(slow_until_, timeline_.now() + lasts);
  }
  // While it has no memory it refuses what would make it grow (sim/refusals.hpp).
  void be_full(Nanoseconds lasts) { full_until_ = std::max(full_until_, timeline_.now() + lasts); }
  // Whose disk is full, or whose replicas are gone, refuses whatever would write
  // (sim/refusals.hpp).
  void take_no_writes(Nanoseconds lasts) {
    no_writes_until_ = std::max(no_writes_until_, timeline_.now() + lasts);
  }
  // None of these any more.
  void be_well() { slow_until_ = full_until_ = no_writes_until_ = timeline_.now(); }
  void lose_data();
  void lag_replica();
  void promote_replica();
  void step_clock(StoreTime by);
  // As another program that takes the lock where it is free.
  void plant_if_free(const std::string& key, Milliseconds ttl);

  // Whose record is there.
  [[nodiscard]] std::optional<Owner> holder(const std::string& key) { return look(key).owner; }
  [[nodiscard]] Fence fence(const std::string& key) { return look(key).fence; }
  [[nodiscard]] StoreTime time() const { return wall_.now(); }
  // What is there, but for fences.
  [[nodiscard]] std::vector<std::string> leftovers() const;
  [[nodiscard]] std::size_t keys() const { return memory_->everything().size(); }

 private:
  struct Client {
    std::shared_ptr<Store> bare;  // of the memory store
    std::shared_ptr<Store> store;
    const ClockSource* clock;
  };
  enum class Time { first, second };
  Answer<AttemptReply> attempt(ProcessId process, const AttemptRequest& request, Time time);
  Answer<RefreshReply> refresh(const Client& client, const RefreshRequest& request);
  [[nodiscard]] bool takes_no_writes() const { return timeline_.now() < no_writes_until_; }
  template <class Request>
  StoreFailure refused(const Request& request, StoreFailure why) const;
  Seen look(const std::string& key);
  [[nodiscard]] std::size_t pass_count(const std::string& key) const;
  [[nodiscard]] std::vector<SeenWaiter> whole_queue(const std::string& key) const;
  void look_again();
  void tell(StoreStep step);
  void tell_passed_over(const StoreStep& step) const;
  [[nodiscard]] Instant record_gone_at(const Seen& seen) const;

  Timeline& timeline_;
  StoreWallClock wall_;
  RequestersClock requesters_clock_;
  Mutant mutant_;
  Checkers& checkers_;
  Trace& trace_;
  std::shared_ptr<MemoryStore> memory_;
  std::map<ProcessId, Client> clients_;
  std::map<std::string, bool> has_queue_;  // of the names that were ever asked for
  std::vector<Owner> woken_;               // by the step that is made
  std::function<void(const Owner&)> passed_over_ = [](const Owner&) {};
  Instant free_at_{};  // of what it has to do
  Nanoseconds task_takes_{};
  Instant slow_until_{};
  Instant full_until_{};
  Instant no_writes_until_{};
  std::uint64_t starts_ = 0;
  bool is_up_ = true;
};

}  // namespace exclusive_lock::sim
