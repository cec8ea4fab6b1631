#pragma once
// The client of one server: every request goes through here, and is answered exactly once, by its
// deadline.
//
//   RedisClient                   any thread: submits operations to the loop
//     EventLoop                   tasks, timers and sockets; loop_ownership.hpp: on which thread
//     ReconnectingConnection      the commands: states, deadlines, the rule about silence
//       OperationQueue            which operations wait to be sent, or for replies
//       ServerConnection          one socket, until it ends
//     SubscriberConnection        the wake-ups: pub/sub, over a ReconnectingConnection of its own
//
// Operations that are submitted before the loop takes them leave in one request, so many callers
// at once cost little more than one.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "stores/redis/reconnecting_connection.hpp"
#include "stores/redis/subscriber_connection.hpp"

namespace exclusive_lock::redis {

class RedisClient {
 public:
  // Starts the loop and the first try to connect. `channel`: for wake-ups
  // (subscriber_connection.hpp). `clock` must outlive it.
  RedisClient(const ClientOptions& options, std::string channel, const ClockSource& clock);
  ~RedisClient();  // close()
  RedisClient(const RedisClient&) = delete;
  RedisClient& operator=(const RedisClient&) = delete;

  // Blocks until a server has greeted us (none), one has refused us, or until `deadline`; where it
  // is not to try again, also until the first try has failed.
  std::optional<StoreFailure> wait_until_up(Instant deadline, bool tries_again);

  // From any thread. Its `done` is called on the loop's thread, or inline after close(); it must
  // not block or throw.
  void submit(std::unique_ptr<Operation> operation);

  // A caller that waits for replies may run it meanwhile.
  [[nodiscard]] EventLoop& loop() noexcept;

  // Before the first use_pushes().
  void listen(Store::WakeUpListener listener);
  // From any thread, before each operation of a waiter: connects for pub/sub, and keeps that
  // connection; checks whether it is alive.
  void use_pushes();
  [[nodiscard]] bool gets_pushes() const;

  // The server's last reply made no sense, so those that follow may belong to other requests than
  // they seem: ends the connection soon. On the loop's thread.
  void distrust_server();

  // The server has become a replica. On the loop's thread.
  void leave_server();

  // Fails everything that is pending, ends connections and threads. Idempotent, from any thread but
  // the I/O thread. A name lookup that goes on for longer cannot be cut short: it is left behind
  // with what it needs, none of which is the caller's.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // a loop that is left alone has it too
};

}  // namespace exclusive_lock::redis
