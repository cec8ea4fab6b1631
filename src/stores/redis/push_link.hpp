#pragma once
// The connection over which a server tells of hand-overs: pub/sub, one channel for all locks of a
// store. Opened when somebody is about to wait, and kept then.
//
// It is a connection of its own, because a refused SUBSCRIBE is an error without a question that it
// answers, and would shift every later reply: behind each SUBSCRIBE goes a TIME, and an error that
// comes instead of its answer ends this connection. Connecting, pauses and silence are those of
// FrontLoop: RESP3 lets a subscriber ask for the time.
//
//   state          is_subscribed    leaves when
//   not opened     no               open()
//   connecting     no               the server confirms the subscription
//   subscribed     yes              the connection is lost: connecting, as FrontLoop does it
//   refused        no               the pause is over: connecting (no right to subscribe: a minute)
//
// What was published while it was not subscribed is lost, and so may be what was before: waiters
// find out by beats. All calls on the loop's thread, but for is_subscribed().

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/protocol.hpp"
#include "stores/redis/front_loop.hpp"

namespace exclusive_lock::redis {

struct PushOptions {
  std::string channel;  // of this store alone; no spaces
  std::function<void(const Grant&)> on_grant;
  std::function<void()> on_subscribed;  // also after each reconnection
};

class PushLink {
 public:
  // What `options` say about time and log is not used, but for log and name.
  PushLink(EventLoop& loop, const FrontOptions& options, const ClockSource& clock,
           PushOptions pushes);
  PushLink(const PushLink&) = delete;
  PushLink& operator=(const PushLink&) = delete;

  void open();  // again: nothing
  void shut_down();
  // From any thread. True: what is published from now on comes, unless the connection breaks.
  [[nodiscard]] bool is_subscribed() const { return is_subscribed_; }

 private:
  enum class State { unopened, open, closed };

  void subscribe();
  void on_push(const Reply& push);
  void on_answer(const Outcome& outcome);
  void on_refusal(const StoreFailure& failure);
  void on_trouble(const StoreFailure& trouble);

  EventLoop& loop_;
  const ClockSource& clock_;
  const std::shared_ptr<spdlog::logger> log_;
  const std::string name_;
  const PushOptions pushes_;
  State state_ = State::unopened;
  std::atomic<bool> is_subscribed_ = false;
  bool has_warned_ = false;  // of a refusal
  LoopTimer retry_;
  FrontLoop front_;
};

// The channel of a new store: "exclusive-lock:push:<32 hex>", by chance its own.
std::string new_push_channel();

}  // namespace exclusive_lock::redis
