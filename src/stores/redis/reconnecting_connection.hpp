#pragma once
// A connection to a server that is made again after each end: it sends operations, matches replies,
// and gives up in time.
//
//   state        submitted operations          leaves when
//   connecting   wait                          greeted: up; failed or too slow: resting
//   up           are sent                      lost, or silent for too long: resting
//   resting      wait                          the pause is over: connecting
//                (after a refusal: fail with it)
//   closed       fail                          never
//
// What a lost connection or a deadline means for an operation is in operation_queue.hpp. Without a
// connection, operations wait for one until their deadline, and fail with the text of the last
// failure. A refusal (wrong password, replica, certificate, maxclients) fails them at once: it will
// not pass while they wait.
//
// Silence. A connection that owes a reply and has been silent for silence_limit is dropped, and one
// from which nothing came for half of it is asked for the TIME: a frozen server, a half-open peer
// and a cut cable are noticed within one and a half silence limits. A server that answers anything,
// even BUSY, is alive. A connection that is asked only while it is used costs an idle server
// nothing; that it is half-open is noticed then by the kernel (socket_tuning.hpp), or within one
// and a half silence limits of its next use.
//
// A server that turns out to have become a replica is left when it owes no reply any more: its
// address may belong to the new master by now, and if it does not, the handshake says so.
//
// Everything here is called on the loop's thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "core/protocol.hpp"
#include "os/clock.hpp"
#include "stores/redis/event_loop.hpp"
#include "stores/redis/handshake.hpp"
#include "stores/redis/operation_queue.hpp"
#include "stores/redis/server_connection.hpp"

namespace spdlog {
class logger;
}

namespace exclusive_lock::redis {

struct ClientOptions {
  ServerAddress address;
  Login login;
  std::string name;  // of the server in the log: its URL without credentials
  Milliseconds connect_timeout{5000};
  Milliseconds command_timeout{1000};
  bool asks_when_unused = true;         // for a sign of life; false: once after each use()
  std::shared_ptr<spdlog::logger> log;  // null: silent
  // On the loop's thread, whenever a server sent its time; `is_new_server`: what was known before
  // is void.
  std::function<void(Instant requested_at, Instant replied_at, StoreTime time, bool is_new_server)>
      on_time;
};

class ReconnectingConnection {
 public:
  struct Events {
    std::function<void(const Greeting&)> on_up;
    std::function<void(const StoreFailure& failure, bool is_refusal)> on_failure;
    // Not asked for; must not call into ReconnectingConnection.
    std::function<void(const Reply&)> on_push;
  };

  ReconnectingConnection(EventLoop& loop, ClientOptions options, const ClockSource& clock,
                         Events events);

  void connect();
  void take(std::span<std::unique_ptr<Operation>> arrived);
  void take(std::unique_ptr<Operation> operation) { take(std::span(&operation, 1)); }
  // A waiter relies on the connection just now.
  void use();
  // The answers do not fit the questions: ends the connection soon.
  void distrust();
  // The server has become a replica.
  void leave();
  // Fails everything, and all that is submitted before the next connect().
  void shut_down();

 private:
  enum class State { connecting, up, resting, closed };

  void on_reply(Reply reply);
  void on_greeting_complete();
  void on_greeted(const Greeting& server);
  void on_end(const ConnectionEnd& end);
  [[nodiscard]] StoreFailure seen_before(StoreFailure refusal) const;
  void give_up_connection(const StoreFailure& failure, bool refused);
  void rest(const StoreFailure& failure, bool refused);

  void flush();
  void expire(Instant now);
  [[nodiscard]] StoreFailure not_sent() const;
  void leave_if_idle();

  void on_alarm();
  void look_after_connection(Instant now);
  [[nodiscard]] std::optional<Instant> silent_since() const;
  [[nodiscard]] Instant sign_of_life_due() const;
  void ask_for_time(Instant now);
  [[nodiscard]] Instant next_event() const;
  void set_alarm();
  // On the loop, after what runs now, unless the connection is another one by then.
  void soon(std::function<void()> task);

  void log_greeting(const Greeting& server) const;
  void log_failure(bool was_working) const;

  EventLoop& loop_;
  const ClientOptions options_;
  const ClockSource& clock_;
  const Events events_;
  const Milliseconds silence_limit_;
  const Milliseconds try_limit_;

  LoopTimer timer_;
  std::optional<Instant> alarm_;  // what the timer is set to
  State state_ = State::resting;
  bool was_up_ = false;  // at least once
  OperationQueue queue_;
  std::shared_ptr<ServerConnection> connection_;
  std::uint64_t epoch_ = 0;      // of the connection: what an older one reports is too late
  bool is_leaving_ = false;      // the connection, when nothing is unanswered; nothing more is sent
  std::vector<Reply> greeting_;  // replies to the handshake, while connecting
  Instant started_at_{};         // connecting
  Instant quiet_since_{};        // the last reply
  Instant heard_at_{};           // that, or the last push
  bool is_used_ = false;         // since it was asked for a sign of life
  Instant retry_at_{};           // resting
  int failures_ = 0;             // in a row
  StoreFailure failure_;         // the last
  bool is_refusal_ = false;      // it was one
  std::minstd_rand random_{std::random_device{}()};
};

// Of everything that comes after the end, and of what was pending then.
StoreFailure closed_failure(bool may_have_run);

}  // namespace exclusive_lock::redis
