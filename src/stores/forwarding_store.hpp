#pragma once
// A store that passes every call on to another one. For stores that do one thing differently: the
// mutants of the simulation, and those that are broken on purpose to test the conformance suite.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "stores/store.hpp"

namespace exclusive_lock {

class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(std::shared_ptr<Store> next) : next_(std::move(next)) {}

  void attempt(AttemptRequest request, Instant deadline, Done<AttemptReply> done) override {
    next_->attempt(std::move(request), deadline, std::move(done));
  }
  void heartbeat(HeartbeatRequest request, Instant deadline, Done<HeartbeatReply> done) override {
    next_->heartbeat(std::move(request), deadline, std::move(done));
  }
  void refresh(std::vector<RefreshRequest> requests, Instant deadline,
               Done<RefreshReply> done) override {
    next_->refresh(std::move(requests), deadline, std::move(done));
  }
  void release(ReleaseRequest request, Instant deadline, Done<ReleaseReply> done) override {
    next_->release(std::move(request), deadline, std::move(done));
  }
  void inspect(std::string key, Instant deadline, Done<InspectReply> done) override {
    next_->inspect(std::move(key), deadline, std::move(done));
  }
  void list(std::string key_prefix, std::size_t most, Instant deadline,
            Done<ListReply> done) override {
    next_->list(std::move(key_prefix), most, deadline, std::move(done));
  }
  void remove(std::string key, std::string expected, Instant deadline,
              Done<RemoveReply> done) override {
    next_->remove(std::move(key), std::move(expected), deadline, std::move(done));
  }
  void list_marks(std::string key_prefix, std::size_t most, Instant deadline,
                  Done<ListMarksReply> done) override {
    next_->list_marks(std::move(key_prefix), most, deadline, std::move(done));
  }
  void forget(std::string key, Instant deadline, Done<ForgetReply> done) override {
    next_->forget(std::move(key), deadline, std::move(done));
  }
  void listen(WakeUpListener listener) override { next_->listen(std::move(listener)); }
  bool pushes_grants() const override { return next_->pushes_grants(); }
  Milliseconds retry_pause() const override { return next_->retry_pause(); }
  bool allows_sparse_heartbeats() const override { return next_->allows_sparse_heartbeats(); }
  void wait(const std::function<void()>& begin, Awaited& end) override { next_->wait(begin, end); }
  bool blocks() const override { return next_->blocks(); }
  const std::string& url() const override { return next_->url(); }
  void close() override { next_->close(); }

 private:
  std::shared_ptr<Store> next_;
};

}  // namespace exclusive_lock
