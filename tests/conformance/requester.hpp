#pragma once
// Asks a store and waits for the answer.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "conformance/store_under_test.hpp"
#include "core/record_codec.hpp"
#include "os/clock.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::conformance {

// Long enough to outlive any check.
inline constexpr Milliseconds long_ttl{20'000};

// Of a waiter that counts as alive for as long, and the ttl of a hand-over to it.
inline constexpr Milliseconds short_confirm_ttl = long_ttl / 4;
inline const WaitOptions long_wait{.alive_for = long_ttl, .confirm_ttl = short_confirm_ttl};

// The owner of a lock object that nobody has seen before, with its first ticket.
Owner new_owner();
Owner with_ticket(Owner owner, Ticket ticket);

// What an attempt asks for, with the usual values of what does not matter to a check.
struct Wish {
  std::string key;
  Owner owner;
  Milliseconds ttl = long_ttl;
  std::string contents = "1";
  Fence floor{};
  std::optional<Instant> not_after{};  // none: in an hour
  std::optional<WaitOptions> wait_options{};
  std::size_t barging_limit = 0;
};

// The part of the record that the client writes, for that wish.
std::string tail_of(const Wish& wish);

// A store's answer was a failure.
class AskFailed : public std::runtime_error {
 public:
  explicit AskFailed(const StoreFailure& failure)
      : std::runtime_error(failure.code.message() + ": " + failure.message) {}
};

// What a store has pushed to one connection. Thread-safe.
class Pushes {
 public:
  void note(const WakeUp& wake_up);
  [[nodiscard]] std::vector<WakeUp> all() const;
  // Waits for the first one for that owner and ticket; none came within some seconds.
  [[nodiscard]] std::optional<WakeUp> wait_for(const Owner& owner) const;
  // All, when there are so many, or after some seconds.
  [[nodiscard]] std::vector<WakeUp> wait_for_count(std::size_t at_least) const;
  void forget();

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable came_;
  std::vector<WakeUp> wake_ups_;
};

// One connection. Thread-safe as the store is. Calls without `within` throw AskFailed on a failure.
class Requester {
 public:
  explicit Requester(StoreUnderTest& under_test)
      : store_(under_test.connect()), clock_(under_test.clock()) {}
  ~Requester() { store_->close(); }
  Requester(const Requester&) = delete;
  Requester& operator=(const Requester&) = delete;

  AttemptReply attempt(const Wish& wish);
  HeartbeatReply heartbeat(const std::string& key, const Owner& owner, Milliseconds ttl = long_ttl,
                           Milliseconds alive_for = long_ttl);
  RefreshReplyStatus refresh(const std::string& key, const Owner& owner,
                             Milliseconds ttl = long_ttl);
  std::vector<RefreshReplyStatus> refresh(std::vector<RefreshRequest> requests);
  ReleaseReplyStatus release(const std::string& key, const Owner& owner,
                             std::size_t barging_limit = 0);
  ReleaseReply release(const ReleaseRequest& request);
  std::optional<StoredRecord> inspect(const std::string& key);
  InspectReply look(const std::string& key);
  ListReply list(const std::string& key_prefix, std::size_t most = 10'000);
  bool remove(const std::string& key, const std::string& expected);
  ListMarksReply list_marks(const std::string& key_prefix, std::size_t most = 10'000);
  bool forget(const std::string& key);

  // To be called before the first attempt with wait options.
  std::shared_ptr<const Pushes> listen();

  [[nodiscard]] AttemptRequest request_of(const Wish& wish) const;
  [[nodiscard]] Store& store() { return *store_; }
  [[nodiscard]] Instant soon() const { return clock_.now() + std::chrono::seconds(10); }

 private:
  std::shared_ptr<Store> store_;
  const ClockSource& clock_;
};

// Calls `verb` with a Done and waits until it is called; a second call of it is a failure of the
// test.
template <class Reply, class Verb>
Answer<Reply> answer_of(Verb verb) {
  struct Wait {
    std::promise<Answer<Reply>> promise;
    std::atomic<int> answers{0};
  };
  const auto wait = std::make_shared<Wait>();
  std::future<Answer<Reply>> future = wait->promise.get_future();
  verb([wait](Answer<Reply> answer) {
    if (wait->answers++ == 0) {
      wait->promise.set_value(std::move(answer));
    } else {
      ADD_FAILURE() << "the store answered one request twice";
    }
  });
  if (future.wait_for(std::chrono::seconds(60)) != std::future_status::ready) {
    throw std::runtime_error("the store did not answer by the deadline");
  }
  return future.get();
}

// Repeats `condition`, letting a millisecond pass each time, until it is true; false after `limit`.
bool eventually(StoreUnderTest& under_test, Milliseconds limit,
                const std::function<bool()>& condition);

}  // namespace exclusive_lock::conformance

namespace exclusive_lock {  // where GoogleTest looks for how to print them

std::ostream& operator<<(std::ostream& out, AttemptReplyStatus outcome);
std::ostream& operator<<(std::ostream& out, HeartbeatReplyStatus outcome);
std::ostream& operator<<(std::ostream& out, RefreshReplyStatus verdict);
std::ostream& operator<<(std::ostream& out, ReleaseReplyStatus verdict);
std::ostream& operator<<(std::ostream& out, Fence fence);

}  // namespace exclusive_lock
