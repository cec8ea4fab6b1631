#pragma once
// A store that blocks (Store::blocks), for an engine whose timers never wait for a store (G5): the
// requests that timers cause are carried out on a thread of its own, in order.
//
//   refresh, heartbeat   always: a caller that waits for one keeps the strand of its lock free
//   attempt, release     on the timers' thread; a caller does its own, which costs no switch
//   all others           by callers only
//
// The thread starts with the first attempt, whose caller learns it where there can be no more
// threads. One request of a kind at most is on its way for each lock, and that bounds the queue.
// close() answers what is queued with errc::connection_closed and waits for the request that runs,
// as long as the store's own bound lets it last.

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "os/process.hpp"
#include "stores/forwarding_store.hpp"

namespace exclusive_lock {

class StoreThread final : public ForwardingStore {
 public:
  // True on a thread that must not wait.
  using MustNotWait = std::function<bool()>;

  StoreThread(std::shared_ptr<Store> store, MustNotWait must_not_wait);
  ~StoreThread() override;
  StoreThread(const StoreThread&) = delete;
  StoreThread& operator=(const StoreThread&) = delete;

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override;
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override;
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override;
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override;
  void close() override;

 private:
  // What is queued: carried out, or refused for this reason.
  using Task = std::function<void(const std::optional<StoreFailure>& refused)>;

  template <class Reply, class Call>
  void leave(Done<Reply> done, Call call);
  [[nodiscard]] std::optional<StoreFailure> start();
  void run();

  const ProcessMark process_;  // in a child after fork() there is no thread, and the store refuses
  const MustNotWait must_not_wait_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool is_closed_ = false;
  std::thread thread_;
};

}  // namespace exclusive_lock
