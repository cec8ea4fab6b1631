#pragma once
// The front: every request to a server goes through here, and gets exactly one answer by its
// deadline.
//
// All operations that were handed over in one turn of the event loop leave in one request, so many
// callers at once cost little more than one. Replies are whatever the server sent; nobody's odd
// reply hurts another one's. States, deadlines and the rule about silence: front_loop.hpp.
//
// On the same thread lives the connection for pub/sub, push_link.hpp.

#include <functional>
#include <memory>
#include <optional>

#include "stores/redis/front_loop.hpp"
#include "stores/redis/push_link.hpp"

namespace exclusive_lock::redis {

class RedisFront {
 public:
  // Starts the loop and the first try to connect. `clock` must outlive it.
  RedisFront(const FrontOptions& options, PushOptions pushes, const ClockSource& clock);
  ~RedisFront();  // close()
  RedisFront(const RedisFront&) = delete;
  RedisFront& operator=(const RedisFront&) = delete;

  // Blocks until a server has greeted us (none), one has refused us, or until `deadline`; where it
  // is not to try again, also until the first try has failed.
  std::optional<StoreFailure> wait_until_up(Instant deadline, bool tries_again);

  // From any thread. Its `done` is called on the loop's thread, or inline after close(); it must
  // not block or throw.
  void submit(std::unique_ptr<Operation> operation);

  // Who waits for answers may run it meanwhile.
  [[nodiscard]] EventLoop& loop() noexcept;

  // From any thread, before each operation of a waiter: connects for pub/sub, and stays so; looks
  // whether that connection lives.
  void use_pushes();
  [[nodiscard]] bool gets_pushes() const;

  // The server's last answer made no sense, so those that follow cannot be trusted to be for whom
  // they seem: ends the link soon. On the loop's thread.
  void distrust_link();

  // The server has become a replica. On the loop's thread.
  void leave_link();

  // Fails everything that is pending, ends link and thread. Idempotent, from any thread but the I/O
  // thread. A name lookup that goes on for longer cannot be cut short: it is left behind with what
  // it needs, none of which is the caller's.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;  // a loop that is left alone has it too
};

}  // namespace exclusive_lock::redis
