#pragma once
// Which operations wait to be sent, which wait for replies, and until when. No I/O, no clock, no
// thread: the front (redis_front.hpp) drives it, and its unit tests too.
//
//   state      what it can become          at its deadline
//   waiting    sent, failed                withdrawn: nothing was sent
//   sent       answered, failed            abandoned: it may have been carried out (G4)
//   abandoned  -                           its replies are still expected, and dropped when they
//   come
//
// Replies come in the order of the commands, over one link: the first one that is missing belongs
// to the oldest operation that was sent. Nothing is ever sent twice.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "core/protocol.hpp"
#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

using Command = std::vector<std::string_view>;  // its words; at least one
// Takes commands to be sent, in this order; each is read before the call returns, and not kept.
using CommandSink = std::function<void(const Command&)>;

// All replies to one operation. Between the two instants the server carried it out.
struct Exchange {
  std::vector<Reply> replies;  // one for each command
  Instant requested_at;
  Instant replied_at;
};

using Outcome = std::variant<Exchange, StoreFailure>;

// One or more commands that belong together and are answered together.
struct Operation {
  // Called when they are about to be sent, never if they are not; gives at least one that has a
  // reply.
  std::function<void(const CommandSink&)> commands;
  Instant deadline;
  std::function<void(Outcome)> done;  // called exactly once
};

class OperationQueue {
 public:
  void add(Operation operation);
  [[nodiscard]] bool has_waiting() const { return !waiting_.empty(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

  // All that wait count as sent from now on, and are given to `sink`.
  void take_waiting(Instant now, const CommandSink& sink);
  // False: nothing was asked, so this reply is nobody's.
  [[nodiscard]] bool on_reply(Reply reply, Instant now);

  // Ends those whose deadline has come. `not_sent` says why the waiting ones were not.
  void expire(Instant now, const StoreFailure& not_sent);
  void fail_waiting(const StoreFailure& failure);
  // The link is gone: no reply will come any more.
  void fail_sent(const StoreFailure& failure);

  [[nodiscard]] std::optional<Instant> next_deadline() const;
  // When the oldest command without a reply was sent.
  [[nodiscard]] std::optional<Instant> unanswered_since() const;

 private:
  enum class State { waiting, sent, over };
  struct Entry;
  using Deadlines = std::multimap<Instant, std::shared_ptr<Entry>>;
  struct Entry {
    Operation operation;
    State state = State::waiting;
    std::size_t missing = 0;  // replies
    std::vector<Reply> replies{};
    Instant requested_at{};
    Deadlines::iterator deadline{};
  };

  void conclude(const std::shared_ptr<Entry>& entry, Outcome outcome);

  std::deque<std::shared_ptr<Entry>> waiting_;
  std::deque<std::shared_ptr<Entry>> sent_;  // abandoned ones too, until their replies have come
  Deadlines deadlines_;                      // those that are not over
};

// SUBSCRIBE is confirmed by a push, which is no reply; an error is one.
[[nodiscard]] bool has_reply(const Command& command);

// What a sent operation ends with when its time is over.
StoreFailure not_answered_in_time(Milliseconds waited);

}  // namespace exclusive_lock::redis
