#pragma once
// The connection of one process to the server: a store whose every verb is on its way for a while,
// or for ever. Requests go in order; one that is *late* belongs to an older connection, whose bytes
// may still be carried out. An attempt may be carried out a second time later, whose answer nobody
// hears. Pushes take a way of their own.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/server.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::sim {

class Process;
struct World;

class Link final : public Store {
 public:
  explicit Link(Process& process);

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override;
  void listen(WakeUpListener listener) override;
  [[nodiscard]] bool pushes_grants() const override { return is_subscribed_; }
  [[nodiscard]] Milliseconds retry_pause() const override;
  [[nodiscard]] bool allows_sparse_heartbeats() const override { return true; }
  [[nodiscard]] const std::string& url() const override { return url_; }
  void close() override;
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override;
  // Nobody in the simulation asks for these.
  void list(std::string prefix, std::size_t most, Instant deadline, Done<ListReply> done) override;
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override;
  void list_marks(std::string prefix, std::size_t most, Instant deadline,
                  Done<ListMarksReply> done) override;
  void forget(std::string key, Instant deadline, Done<ForgetReply> done) override;

  // --- what befalls it ---
  void cut_off() { is_cut_off_ = true; }
  void heal() { is_cut_off_ = false; }
  void lose_subscription();
  // A failover that closed no connection: the server counts no listener any more, and this side
  // does not know. What is published comes all the same, as from a replica.
  void leave_subscription_behind();
  // Compares the servers of both connections.
  void notice_left_behind();
  // Whether the server counts a listener or not.
  void hear_all_the_same(const Owner& owner);
  void subscribe();

 private:
  template <class Reply, class Request>
  void ask(Request request, Instant deadline, Done<Reply> done);
  template <class Reply>
  void answer(std::uint64_t request, Instant asked_at, const Done<Reply>& done,
              const Answer<Reply>& with);
  void repeat_later(const AttemptRequest& request, Instant arrives);
  void push(const WakeUp& wake_up);
  void forge_push(Owner owner);
  [[nodiscard]] Instant arrival();
  [[nodiscard]] bool is_lost();
  [[nodiscard]] bool is_lost_in_calm(const ReleaseRequest& request);
  [[nodiscard]] Nanoseconds delay();

  Process& process_;
  World& world_;
  const std::string url_ = "simulated:";
  WakeUpListener listener_;
  std::uint64_t requests_ = 0;
  std::map<std::uint64_t, std::function<void(const StoreFailure&)>> unanswered_;
  Instant last_arrival_{};  // of a request, at the store
  Instant last_reply_{};
  std::set<std::pair<OwnerId, Ticket>> released_in_calm_;
  bool is_cut_off_ = false;
  bool is_subscribed_ = false;
  bool is_left_behind_ = false;
  bool is_closed_ = false;
};

}  // namespace exclusive_lock::sim
