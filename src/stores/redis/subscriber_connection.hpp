#pragma once
// The connection over which a server notifies waiters of hand-overs: pub/sub, one channel for all
// locks of a store. Opened for the first waiter, and kept then.
//
// A push reaches the state machine of its lock in four hops:
//
//   1  ServerConnection         reads and parses it; to the
//   2  ReconnectingConnection   that it belongs to, unless it was replaced meanwhile; to this class
//   3  SubscriberConnection     reads the wake-up in it; to the store's listener, the PushRouter
//   4  PushRouter               finds the LockHandle, whose strand gives it to the LockMachine
//
// It is a connection of its own, because the error of a refused SUBSCRIBE belongs to no request and
// would shift every later reply: behind each SUBSCRIBE goes a TIME, and an error that comes instead
// of its reply ends this connection. Connecting, pauses and silence are those of
// ReconnectingConnection: RESP3 lets a subscriber ask for the time.
//
//   state          is_subscribed    leaves when
//   not opened     no               open()
//   connecting     no               the server confirms the subscription
//   confirmed      no               its server is that of the commands: subscribed
//                                   it is another one: resting
//   subscribed     yes              this connection or that of the commands is lost
//   resting        no               the pause is over: connecting (no right to subscribe: a minute)
//
// It follows the connection of the commands, because FAILOVER and REPLICAOF close no client: where
// the two are at different servers, the one with the records counts no listener and passes waiters
// over as dead. Both greetings contain the server's run_id; where one does not (no right for INFO),
// the server that the commands go to is asked whether the channel has a listener; where it may not
// be asked either, a subscription counts that is newer than the connection of the commands.
//
// What was published while it was not subscribed is lost, and so may be what was before: waiters
// find out by heartbeats. All calls on the loop's thread, but for listen() and is_subscribed().

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/protocol.hpp"
#include "stores/redis/reconnecting_connection.hpp"
#include "stores/store.hpp"

namespace exclusive_lock::redis {

// Asks the server that the commands go to whether the channel has a listener there; none: it does
// not say.
using AskForListener = std::function<void(std::function<void(std::optional<bool>)>)>;

class SubscriberConnection {
 public:
  // What `options` say about time is not used. `channel` is of this store alone, without spaces.
  SubscriberConnection(EventLoop& loop, const ClientOptions& options, const ClockSource& clock,
                       std::string channel, AskForListener ask_for_listener);
  SubscriberConnection(const SubscriberConnection&) = delete;
  SubscriberConnection& operator=(const SubscriberConnection&) = delete;

  // Before open().
  void listen(Store::WakeUpListener listener) { listener_ = std::move(listener); }
  void open();  // again: nothing
  // Waiters rely on it just now: it is asked for a sign of life, if nothing has come for a while.
  // Without waiters it is not: the replies to commands show that the server is alive.
  void use() { connection_.use(); }
  void shut_down();
  // The commands go to that server from now on (empty: its run_id is unknown); to none.
  void follow(const std::string& run_id);
  void follow_none();
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
  const std::string channel_;
  const AskForListener ask_for_listener_;
  Store::WakeUpListener listener_;
  State state_ = State::unopened;
  bool is_confirmed_ = false;                   // the subscription, by its own server
  std::string own_server_;                      // run_id; empty: unknown
  std::optional<std::string> commands_server_;  // the same; none: no connection
  bool is_newer_ = false;                       // than the connection of the commands
  std::uint64_t comparison_ = 0;                // what an older one says is too late
  std::atomic<bool> is_subscribed_ = false;
  bool has_warned_ = false;  // of a refusal
  LoopTimer retry_;
  ReconnectingConnection connection_;
};

// Until the subscription that was refused for this reason is tried again.
Milliseconds pause_after_refusal(const std::error_code& reason);

// The channel of a new store: "exclusive-lock:push:<32 hex>", by chance its own.
std::string new_push_channel();

}  // namespace exclusive_lock::redis
