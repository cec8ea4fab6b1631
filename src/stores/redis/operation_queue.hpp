#pragma once
// Which operations wait to be sent, which wait for replies, and until when. No I/O, no clock, no
// thread: reconnecting_connection.hpp drives it, and its unit tests.
//
//   state      what it can become          at its deadline
//   waiting    sent, failed                withdrawn: nothing was sent
//   sent       answered, failed            abandoned: it may have been carried out (G4)
//   abandoned  -                           (its replies are dropped when they come)
//
// Replies come in the order of the commands, over one connection: the first one that is missing
// belongs to the oldest operation that was sent. Nothing is ever sent twice.

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/protocol.hpp"
#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

// Its words; at least one. In place are as many as a call of a script has.
using Command = boost::container::small_vector<std::string_view, 20>;
// Takes commands to be sent, in this order; each is read before the call returns, and not kept.
using CommandSink = std::function<void(const Command&)>;

// Most operations have one.
using Replies = boost::container::small_vector<Reply, 1>;

// All replies to one operation. Between the two instants the server carried it out.
struct Exchange {
  Replies replies;  // one for each command
  Instant requested_at;
  Instant replied_at;
};

using Outcome = std::variant<Exchange, StoreFailure>;

// One or more commands that belong together and are answered together.
class Operation {
 public:
  explicit Operation(Instant deadline) : deadline_(deadline) {}
  virtual ~Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  [[nodiscard]] Instant deadline() const noexcept { return deadline_; }
  // Called when they are about to be sent, never if they are not; gives at least one that has a
  // reply.
  virtual void give_commands(const CommandSink& sink) = 0;
  // Called exactly once for each time that it is submitted. `self` is this object, which may be
  // submitted again.
  virtual void done(std::unique_ptr<Operation> self, Outcome outcome) = 0;

 private:
  const Instant deadline_;
};

// One made of two functions, for what is asked seldom.
std::unique_ptr<Operation> make_operation(std::function<void(const CommandSink&)> commands,
                                          Instant deadline, std::function<void(Outcome)> done);

class OperationQueue {
 public:
  void add(std::unique_ptr<Operation> operation);
  [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  // All that wait count as sent from now on, and are given to `sink`.
  void take_waiting(Instant now, const CommandSink& sink);
  // False: no reply is expected.
  [[nodiscard]] bool on_reply(Reply reply, Instant now);

  // Whether a deadline may have come.
  [[nodiscard]] bool may_expire(Instant now) const { return now >= earliest_deadline_; }
  // Ends those whose deadline has come. `not_sent` says why the waiting ones were not.
  void expire(Instant now, const StoreFailure& not_sent);
  void fail_waiting(const StoreFailure& failure);
  // The connection is gone: no reply will come any more.
  void fail_sent(const StoreFailure& failure);

  // None is before it. It can be too early until the next expire(): what ends in time does not move
  // it, so a busy queue looks through its operations once in a command timeout, not at each reply.
  [[nodiscard]] Instant earliest_deadline() const { return earliest_deadline_; }
  // When the oldest command without a reply was sent.
  [[nodiscard]] std::optional<Instant> unanswered_since() const;

 private:
  struct Sent {
    std::unique_ptr<Operation> operation;  // null: abandoned, but its replies have not come
    Instant requested_at;
    std::size_t missing = 0;  // replies
    Replies replies{};
  };
  struct Expired {
    std::unique_ptr<Operation> operation;
    StoreFailure failure;
  };

  std::vector<Expired> take_expired(Instant now, const StoreFailure& not_sent);
  void find_earliest_deadline();

  std::deque<std::unique_ptr<Operation>> waiting_;
  std::deque<Sent> sent_;
  Instant earliest_deadline_ = Instant::max();
};

// SUBSCRIBE is confirmed by a push, which is no reply; an error is one.
[[nodiscard]] bool has_reply(const Command& command);

// What a sent operation ends with when its time is over.
StoreFailure not_answered_in_time(Milliseconds waited);

}  // namespace exclusive_lock::redis
