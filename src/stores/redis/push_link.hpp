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
//   confirmed      no               it is known to be the server that commands go to: subscribed;
//   or
//                                   another one: resting
//   subscribed     yes              this connection or that of the commands is lost
//   resting        no               the pause is over: connecting (no right to subscribe: a minute)
//
// It follows the connection of the commands, because FAILOVER and REPLICAOF close no client: where
// the two are at different servers, the one with the records counts no listener and passes waiters
// over as dead. Both greetings tell the server's run_id; where one does not (no right for INFO),
// the server that the commands go to is asked whether the channel has a listener; where it may not
// be asked either, a subscription counts that is newer than the connection of the commands.
//
// What was published while it was not subscribed is lost, and so may be what was before: waiters
// find out by heartbeats. All calls on the loop's thread, but for is_subscribed().

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
  std::function<void(const WakeUp&)> on_wake_up;
  std::function<void()> on_subscribed;  // also after each reconnection, of the commands too
};

// Asks the server that the commands go to whether the channel has a listener there; none: it does
// not say.
using AskForListener = std::function<void(std::function<void(std::optional<bool>)>)>;

class PushLink {
 public:
  // What `options` say about time and log is not used, but for log and name.
  PushLink(EventLoop& loop, const FrontOptions& options, const ClockSource& clock,
           PushOptions pushes, AskForListener ask_for_listener);
  PushLink(const PushLink&) = delete;
  PushLink& operator=(const PushLink&) = delete;

  void open();  // again: nothing
  // Waiters rely on it just now: it is asked for a sign of life, if nothing has come for a while.
  // Without any it is not: the server's answers to commands say that it is alive.
  void use() { front_.use(); }
  void shut_down();
  // The commands go to that server from now on (empty: it does not tell its run_id); to none.
  void follow(const std::string& run_id);
  void follow_nobody();
  // From any thread. True: what is published from now on comes, unless a connection breaks.
  [[nodiscard]] bool is_subscribed() const { return is_subscribed_; }

 private:
  enum class State { unopened, open, closed };

  void on_up(const Greeting& server);
  void on_push(const Reply& push);
  void compare_servers();
  void settle(bool is_same);
  void reopen_after(Milliseconds pause);
  void on_answer(const Outcome& outcome);
  void on_refusal(const StoreFailure& failure);
  void on_failure(const StoreFailure& failure);

  EventLoop& loop_;
  const ClockSource& clock_;
  const std::shared_ptr<spdlog::logger> log_;
  const std::string name_;
  const PushOptions pushes_;
  const AskForListener ask_for_listener_;
  State state_ = State::unopened;
  bool is_confirmed_ = false;                   // the subscription, by its own server
  std::string own_server_;                      // run_id; empty: not told
  std::optional<std::string> commands_server_;  // the same; none: no connection
  bool is_newer_ = false;                       // than the connection of the commands
  std::uint64_t comparison_ = 0;                // what an older one says is too late
  std::atomic<bool> is_subscribed_ = false;
  bool has_warned_ = false;  // of a refusal
  LoopTimer retry_;
  FrontLoop front_;
};

// Until the subscription that was refused for this reason is tried again.
Milliseconds pause_after_refusal(const std::error_code& reason);

// The channel of a new store: "exclusive-lock:push:<32 hex>", by chance its own.
std::string new_push_channel();

}  // namespace exclusive_lock::redis
