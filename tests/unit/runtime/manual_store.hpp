#pragma once
// A store whose answers the test gives, when it likes, or never.

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "stores/store.hpp"

namespace exclusive_lock {

class ManualStore final : public Store {
 public:
  template <class Request, class Reply>
  struct Asked {
    Request request;
    Instant deadline;
    Done<Reply> done;
  };

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    put(attempts_, {std::move(request), deadline, std::move(done)});
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    put(heartbeats_, {std::move(request), deadline, std::move(done)});
  }
  void listen(WakeUpListener listener) override { listener_ = std::move(listener); }
  [[nodiscard]] bool pushes_grants() const override { return true; }
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    put(refreshes_, {std::move(requests), deadline, std::move(done)});
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    put(releases_, {std::move(request), deadline, std::move(done)});
  }
  void inspect(std::string, Instant, Done<InspectReply> done) override { done(InspectReply{}); }
  void list(std::string, std::size_t, Instant, Done<ListReply> done) override { done(ListReply{}); }
  void remove(std::string, std::string, Instant, Done<RemoveReply> done) override {
    done(RemoveReply{});
  }
  void list_marks(std::string, std::size_t, Instant, Done<ListMarksReply> done) override {
    done(ListMarksReply{});
  }
  void forget(std::string, Instant, Done<ForgetReply> done) override { done(ForgetReply{}); }
  [[nodiscard]] Milliseconds retry_pause() const override { return Milliseconds{5}; }
  [[nodiscard]] const std::string& url() const override { return url_; }
  void close() override {
    const StoreFailure closed{
        .code = errc::connection_closed, .message = "closed", .may_have_run = true};
    fail_all(attempts_, closed);
    fail_all(heartbeats_, closed);
    fail_all(refreshes_, closed);
    fail_all(releases_, closed);
  }

  // The next request of its kind; waits for it.
  auto next_attempt() { return take(attempts_); }
  std::optional<Asked<AttemptRequest, AttemptReply>> attempt_if_any() {
    const std::lock_guard guard(mutex_);
    if (attempts_.empty())
      return std::nullopt;
    auto asked = std::move(attempts_.front());
    attempts_.pop_front();
    return asked;
  }
  auto next_heartbeat() { return take(heartbeats_); }
  // As the store's thread would.
  void push(const WakeUp& wake_up) const { listener_.wake_up(wake_up); }
  auto next_refresh() { return take(refreshes_); }
  auto next_release() { return take(releases_); }
  [[nodiscard]] bool asked_for_release() const {
    const std::lock_guard guard(mutex_);
    return !releases_.empty();
  }

 private:
  template <class Queue>
  void put(Queue& queue, typename Queue::value_type asked) {
    const std::lock_guard guard(mutex_);
    queue.push_back(std::move(asked));
    asked_.notify_all();
  }
  template <class Queue>
  typename Queue::value_type take(Queue& queue) {
    std::unique_lock lock(mutex_);
    if (!asked_.wait_for(lock, std::chrono::seconds{20}, [&] { return !queue.empty(); })) {
      throw std::runtime_error("the store was not asked");
    }
    auto asked = std::move(queue.front());
    queue.pop_front();
    return asked;
  }
  template <class Queue>
  void fail_all(Queue& queue, const StoreFailure& failure) {
    Queue failing;
    {
      const std::lock_guard guard(mutex_);
      failing.swap(queue);
    }
    for (auto& asked : failing)
      asked.done(failure);
  }

  const std::string url_ = "manual:";
  mutable std::mutex mutex_;
  std::condition_variable asked_;
  WakeUpListener listener_;
  std::deque<Asked<AttemptRequest, AttemptReply>> attempts_;
  std::deque<Asked<HeartbeatRequest, HeartbeatReply>> heartbeats_;
  std::deque<Asked<std::vector<RefreshRequest>, RefreshReply>> refreshes_;
  std::deque<Asked<ReleaseRequest, ReleaseReply>> releases_;
};

}  // namespace exclusive_lock
