#include "stores/redis/operation_queue.hpp"

#include <algorithm>
#include <utility>

#include "exclusive_lock/error.hpp"

namespace exclusive_lock::redis {

void OperationQueue::add(Operation operation) {
  auto entry = std::make_shared<Entry>(Entry{.operation = std::move(operation)});
  entry->deadline = deadlines_.emplace(entry->operation.deadline, entry);
  waiting_.push_back(std::move(entry));
}

void OperationQueue::take_waiting(Instant now, const CommandSink& sink) {
  for (auto& entry : waiting_) {
    if (entry->state != State::waiting) {
      continue;  // withdrawn
    }
    entry->state = State::sent;
    entry->requested_at = now;
    entry->operation.commands([&sink, &entry](const Command& command) {
      entry->missing += has_reply(command) ? 1 : 0;
      sink(command);
    });
    sent_.push_back(std::move(entry));
  }
  waiting_.clear();
}

bool OperationQueue::on_reply(Reply reply, Instant now) {
  if (sent_.empty()) {
    return false;
  }
  const std::shared_ptr<Entry> entry = sent_.front();
  if (entry->state == State::sent) {
    entry->replies.push_back(std::move(reply));
  }
  if (--entry->missing == 0) {
    sent_.pop_front();
    conclude(entry, Exchange{.replies = std::move(entry->replies),
                             .requested_at = entry->requested_at,
                             .replied_at = now});
  }
  return true;
}

void OperationQueue::expire(Instant now, const StoreFailure& not_sent) {
  bool is_withdrawn = false;
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const std::shared_ptr<Entry> entry = deadlines_.begin()->second;
    if (entry->state == State::waiting) {
      is_withdrawn = true;
      conclude(entry, not_sent);
    } else {
      const auto waited = std::chrono::floor<Milliseconds>(now - entry->requested_at);
      conclude(entry, not_answered_in_time(waited));
    }
  }
  // What was withdrawn must not pile up while there is no link, behind one that waits for longer
  // either.
  if (is_withdrawn) {
    std::erase_if(waiting_, [](const auto& entry) { return entry->state == State::over; });
  }
}

void OperationQueue::fail_waiting(const StoreFailure& failure) {
  for (const auto& entry : std::exchange(waiting_, {})) {
    conclude(entry, failure);
  }
}

void OperationQueue::fail_sent(const StoreFailure& failure) {
  for (const auto& entry : std::exchange(sent_, {})) {
    conclude(entry, failure);
  }
}

std::optional<Instant> OperationQueue::next_deadline() const {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.begin()->first);
}

std::optional<Instant> OperationQueue::unanswered_since() const {
  return sent_.empty() ? std::nullopt : std::optional(sent_.front()->requested_at);
}

// Does nothing for one that is over. The state is settled before `done` runs.
void OperationQueue::conclude(const std::shared_ptr<Entry>& entry, Outcome outcome) {
  if (entry->state == State::over) {
    return;
  }
  entry->state = State::over;
  deadlines_.erase(entry->deadline);
  // What it held goes now, not when the replies of an abandoned one have come.
  const Operation operation = std::exchange(entry->operation, {});
  entry->replies.clear();
  operation.done(std::move(outcome));
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
