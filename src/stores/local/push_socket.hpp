#pragma once
// Pushes between the stores of one directory (docs/decisions/0008-fair-hand-over.md): each store
// that waits has a datagram socket there, named after its holder id, and a thread that listens.
//
// The rights of the directory protect the sockets, as they protect the locks. A push is a hint:
// the sender never blocks and does not need to know whether it arrived, and what a crash leaves of
// a socket is a name in the directory that others take away.
//
// net.unix.max_dgram_qlen (10 by default) bounds what a listener may be behind by.

#include <functional>
#include <memory>
#include <thread>

#include "core/protocol.hpp"
#include "stores/local/directory.hpp"
#include "stores/local/holder.hpp"

namespace exclusive_lock {

class PushListener {
 public:
  using OnWakeUp = std::function<void(const WakeUp&)>;
  // Throws LocalError, or std::system_error where there can be no thread. `directory` must outlive
  // it. `on_wake_up` is called on the listener's thread.
  PushListener(const StoreDirectory& directory, HolderId store, OnWakeUp on_wake_up);
  // Waits for the end of a call of `on_wake_up`; not to be called from there.
  ~PushListener();
  PushListener(const PushListener&) = delete;
  PushListener& operator=(const PushListener&) = delete;

 private:
  struct Ear;
  const StoreDirectory& directory_;
  const HolderId store_;
  std::shared_ptr<Ear> ear_;
  std::thread thread_;
};

class PushSender {
 public:
  // `directory` must outlive it.
  explicit PushSender(const StoreDirectory& directory) noexcept : directory_(directory) {}
  void send(HolderId to, const WakeUp& wake_up) noexcept;

 private:
  const StoreDirectory& directory_;
  Descriptor socket_;  // made when it is first used
};

// Takes away the socket of a store that is not open any more.
void remove_socket_of_dead(const StoreDirectory& directory, const Holder& holder, HolderId store);
// All such sockets, or as many as a few hundred looks find.
void sweep_sockets(const StoreDirectory& directory, const Holder& holder);

}  // namespace exclusive_lock
