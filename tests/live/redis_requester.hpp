#pragma once
// A Redis store on a test's own server, asked and waited for.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "live/server.hpp"
#include "os/clock.hpp"
#include "stores/redis/redis_store.hpp"

namespace exclusive_lock::live {

inline constexpr Milliseconds long_ttl{60'000};
inline constexpr Milliseconds test_limit{20'000};

// Where the server is, with time limits that a busy machine keeps.
RedisStoreOptions options_for(const Server& server);

// The owner of a lock object that nobody has seen before, with its first ticket.
Owner new_owner();
Owner with_ticket(Owner owner, Ticket ticket);

// Repeats `condition` until it is true; false after test_limit.
bool eventually(const std::function<bool()>& condition);

// One store. Calls whose name ends in _answer return failures too, the others throw StoreError.
class RedisRequester {
 public:
  explicit RedisRequester(const Server& server) : RedisRequester(options_for(server)) {}
  explicit RedisRequester(const RedisStoreOptions& options)
      : store_(open_redis_store(options, clock_, nullptr)) {}
  ~RedisRequester() { store_->close(); }
  RedisRequester(const RedisRequester&) = delete;
  RedisRequester& operator=(const RedisRequester&) = delete;

  AttemptRequest request(const std::string& key, const Owner& owner) const;
  Answer<AttemptReply> attempt_answer(AttemptRequest request, Milliseconds max_wait = test_limit);
  AttemptReply attempt(const std::string& key, const Owner& owner);
  // With wait options; `alive_for` and `confirm_ttl` long enough for a busy machine.
  AttemptRequest patient_request(const std::string& key, const Owner& owner) const;
  AttemptReply patient_attempt(const std::string& key, const Owner& owner);
  Answer<HeartbeatReply> heartbeat_answer(const std::string& key, const Owner& owner,
                                          Milliseconds alive_for = long_ttl);
  HeartbeatReply heartbeat(const std::string& key, const Owner& owner,
                           Milliseconds alive_for = long_ttl);
  Answer<RefreshReply> refresh_answer(std::vector<RefreshRequest> requests,
                                      Milliseconds max_wait = test_limit);
  RefreshReplyStatus refresh(const std::string& key, const Owner& owner,
                             Milliseconds ttl = long_ttl);
  ReleaseReplyStatus release(const std::string& key, const Owner& owner,
                             std::size_t barging_limit = 0);
  Answer<ReleaseReply> release_answer(const std::string& key, const Owner& owner,
                                      std::size_t barging_limit = 0);
  Answer<InspectReply> inspect_answer(const std::string& key, Milliseconds max_wait = test_limit);
  std::optional<StoredRecord> inspect(const std::string& key);
  Answer<ListReply> list_answer(const std::string& prefix, std::size_t most = 100'000);
  ListReply list(const std::string& prefix, std::size_t most = 100'000);
  bool remove(const std::string& key, const std::string& expected);

  // True when the store answers again.
  bool works_again();

  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Instant now() const { return clock_.now(); }

 private:
  SystemClockSource clock_;
  std::shared_ptr<Store> store_;
};

// Calls `verb` with a Done and waits for the answer.
template <class Reply, class Verb>
Answer<Reply> answer_of(Verb verb) {
  auto promise = std::make_shared<std::promise<Answer<Reply>>>();
  auto future = promise->get_future();
  verb([promise](Answer<Reply> answer) { promise->set_value(std::move(answer)); });
  if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
    throw std::runtime_error("the store did not answer by the deadline");
  }
  return future.get();
}

template <class Reply>
Reply reply_in(Answer<Reply> answer) {
  if (const auto* failure = std::get_if<StoreFailure>(&answer)) {
    throw StoreError(failure->code, failure->message, failure->may_have_run);
  }
  return std::get<Reply>(std::move(answer));
}

// The failure of an answer; an empty one where it was none.
template <class Reply>
StoreFailure failure_in(const Answer<Reply>& answer) {
  const auto* failure = std::get_if<StoreFailure>(&answer);
  return failure == nullptr ? StoreFailure{} : *failure;
}

// The failure of opening a store; an empty one where it could be opened.
StoreFailure failure_to_open(const RedisStoreOptions& options);

// Whether a failure has this code and its message all these words.
::testing::AssertionResult is_failure(const StoreFailure& failure, errc code,
                                      const std::vector<std::string>& words = {});

}  // namespace exclusive_lock::live
