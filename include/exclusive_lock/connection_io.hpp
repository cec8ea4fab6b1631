#pragma once
// The I/O of a connection, done by an event loop of the program. Without it, a thread of the
// connection sends the calls of callbacks.hpp and receives their replies; the two thread switches
// can take longer than the server needs. async.hpp uses this header for every io_context; use it
// directly to connect another event loop.
//
// The event loop does three things:
//
//   1. It begins its calls inside hand_in(). They are not sent yet.
//   2. When all calls that are ready have begun, it calls send(): they are sent together.
//   3. While the last send() or take_news() returned true, it waits until descriptor() is readable
//      and then calls take_news().
//
// send() and take_news() call the callbacks of calls that were answered. They may also call those
// of other threads' calls and do other work of the connection. The event loop need not be prompt:
// the connection's own thread does whatever the loop has left undone for some milliseconds.
// Callbacks may therefore run on that thread as well, and must then wake the loop.
//
// Threads. Any thread may call any member at any time, but not inside a callback that a member
// calls. No member blocks. hand_in() throws only what the calls that `begin` makes throw.
//
// Cost. No round trip. send() takes one sendto(2), take_news() one poll(2) and one recvfrom(2); TLS
// some more.

#include <functional>
#include <memory>

#include "exclusive_lock/connection.hpp"
#include "exclusive_lock/exclusive_lock.hpp"
#include "exclusive_lock/export.hpp"

namespace exclusive_lock {

class EXCLUSIVE_LOCK_API ConnectionIo {
 public:
  explicit ConnectionIo(const ExclusiveLock& lock);

  // A descriptor that is readable when take_news() has something to do. It is always the same and
  // belongs to the connection: if the connection may be destroyed first, wait for a dup(2) of it.
  // -1: this store has no such I/O, or the process is a fork()ed child.
  [[nodiscard]] int descriptor() const;

  // Calls `begin` once.
  void hand_in(const std::function<void()>& begin) const;
  // True: wait for the descriptor. False: there is nothing to wait for, or no connection any more.
  [[nodiscard]] bool send() const;
  [[nodiscard]] bool take_news() const;

  // Whether this is the I/O of the connection of `lock`.
  [[nodiscard]] bool is_of(const ExclusiveLock& lock) const noexcept;

 private:
  std::weak_ptr<Connection> connection_;
};

}  // namespace exclusive_lock
