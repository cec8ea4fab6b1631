#pragma once
// The I/O of a lock's connection, for an event loop of the program's that does it itself. A call
// that the loop begins (callbacks.hpp) is otherwise sent, and its answer received, by a thread of
// the connection's: two switches of threads, which can cost more than the server's part of it.
// async.hpp does this for every io_context; this header is for those who connect another event
// loop.
//
//   begin calls within hand_in()            they are not sent yet
//   when all at hand are begun: send()      they leave together
//   while the last send() or take_news() said so: when descriptor() is readable, take_news()
//
// Answers are given inside send() and take_news(), to the callbacks of the calls; so may be those
// to calls of others, and what else the connection has to do. Nothing depends on it: what is left
// undone for some milliseconds is done by the connection's own thread, which also takes over where
// the loop has nothing to do for that long. So a callback may be called there too, and has to wake
// the loop then.
//
// Threads. Any thread may call at any time, but not from a callback of such a call. Neither call
// blocks; they throw nothing that the calls begun do not throw.
//
// Cost. No round trip. send() is one sendmsg(2), take_news() one recvmsg(2), and each a few
// epoll_wait(2).

#include <functional>
#include <memory>

#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

class EXCLUSIVE_LOCK_API ConnectionIo {
 public:
  explicit ConnectionIo(const ExclusiveLock& lock);

  // Readable when there are news. It stays the same, and is the connection's: watch a dup(2) of it
  // where the connection may go first. -1: this store needs no such help, or the process was
  // forked.
  [[nodiscard]] int descriptor() const;

  // Calls `begin`, once.
  void hand_in(const std::function<void()>& begin) const;
  // True: watch the descriptor. Once the connection is gone: false.
  [[nodiscard]] bool send() const;
  [[nodiscard]] bool take_news() const;

  // Whether it is that of the connection of `lock`.
  [[nodiscard]] bool is_of(const ExclusiveLock& lock) const noexcept;

 private:
  std::weak_ptr<Connection> connection_;
};

}  // namespace exclusive_lock
