#include "stores/redis/operation_queue.hpp"

#include <algorithm>
#include <utility>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock::redis {

namespace {

class OperationOfFunctions final : public Operation {
 public:
  OperationOfFunctions(std::function<void(const CommandSink&)> commands, Instant deadline,
                       std::function<void(Outcome)> done)
      : Operation(deadline), commands_(std::move(commands)), done_(std::move(done)) {}

  void give_commands(const CommandSink& sink) override { commands_(sink); }
  void done(std::unique_ptr<Operation> /*self*/, Outcome outcome) override {
    done_(std::move(outcome));
  }

 private:
  const std::function<void(const CommandSink&)> commands_;
  const std::function<void(Outcome)> done_;
};

void end(std::unique_ptr<Operation> operation, Outcome outcome) {
  Operation& ended = *operation;
  ended.done(std::move(operation), std::move(outcome));
}

}  // namespace

std::unique_ptr<Operation> make_operation(std::function<void(const CommandSink&)> commands,
                                          Instant deadline, std::function<void(Outcome)> done) {
  return std::make_unique<OperationOfFunctions>(std::move(commands), deadline, std::move(done));
}

void OperationQueue::add(std::unique_ptr<Operation> operation) {
  earliest_deadline_ = std::min(earliest_deadline_, operation->deadline());
  waiting_.push_back(std::move(operation));
}

void OperationQueue::take_waiting(Instant now, const CommandSink& sink) {
  for (auto& operation : waiting_) {
    Sent& sent = sent_.emplace_back(Sent{.operation = std::move(operation), .requested_at = now});
    sent.operation->give_commands([&sink, &sent](const Command& command) {
      sent.missing += has_reply(command) ? 1 : 0;
      sink(command);
    });
  }
  waiting_.clear();
}

// A completion may add operations: the queue is in order before.
bool OperationQueue::on_reply(Reply reply, Instant now) {
  if (sent_.empty()) {
    return false;
  }
  Sent& first = sent_.front();
  if (first.operation) {
    first.replies.push_back(std::move(reply));
  }
  if (--first.missing == 0) {
    Sent answered = std::move(first);
    sent_.pop_front();
    if (sent_.empty() && waiting_.empty()) {
      earliest_deadline_ = Instant::max();
    }
    if (answered.operation) {
      end(std::move(answered.operation), Exchange{.replies = std::move(answered.replies),
                                                  .requested_at = answered.requested_at,
                                                  .replied_at = now});
    }
  }
  return true;
}

void OperationQueue::expire(Instant now, const StoreFailure& not_sent) {
  if (!may_expire(now)) {
    return;
  }
  std::vector<Expired> expired = take_expired(now, not_sent);
  find_earliest_deadline();
  for (Expired& each : expired) {
    end(std::move(each.operation), std::move(each.failure));
  }
}

// What was withdrawn must not pile up while there is no connection.
std::vector<OperationQueue::Expired> OperationQueue::take_expired(Instant now,
                                                                  const StoreFailure& not_sent) {
  std::vector<Expired> expired;
  for (Sent& sent : sent_) {
    if (sent.operation && sent.operation->deadline() <= now) {
      const auto waited = std::chrono::floor<Milliseconds>(now - sent.requested_at);
      expired.push_back({std::move(sent.operation), not_answered_in_time(waited)});
      sent.replies.clear();
    }
  }
  for (auto& operation : waiting_) {
    if (operation->deadline() <= now) {
      expired.push_back({std::move(operation), not_sent});
    }
  }
  std::erase(waiting_, nullptr);
  return expired;
}

void OperationQueue::find_earliest_deadline() {
  earliest_deadline_ = Instant::max();
  for (const auto& operation : waiting_) {
    earliest_deadline_ = std::min(earliest_deadline_, operation->deadline());
  }
  for (const Sent& sent : sent_) {
    if (sent.operation) {
      earliest_deadline_ = std::min(earliest_deadline_, sent.operation->deadline());
    }
  }
}

void OperationQueue::fail_waiting(const StoreFailure& failure) {
  auto failed = std::exchange(waiting_, {});
  for (auto& operation : failed) {
    end(std::move(operation), failure);
  }
}

void OperationQueue::fail_sent(const StoreFailure& failure) {
  auto failed = std::exchange(sent_, {});
  for (Sent& sent : failed) {
    if (sent.operation) {
      end(std::move(sent.operation), failure);
    }
  }
}

std::optional<Instant> OperationQueue::unanswered_since() const {
  return sent_.empty() ? std::nullopt : std::optional(sent_.front().requested_at);
}

bool has_reply(const Command& command) { return command.front() != "SUBSCRIBE"; }

StoreFailure not_answered_in_time(Milliseconds waited) {
  return {
      .code = errc::outcome_unknown,
      .message = "the server did not answer within " + std::to_string(waited.count()) +
                 " ms, so the request may have been carried out or not. The server or the network "
                 "is slow or stuck; command_timeout says how long to wait",
      .may_have_run = true};
}

}  // namespace exclusive_lock::redis
