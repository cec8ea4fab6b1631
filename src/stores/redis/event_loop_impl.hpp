#pragma once
// The inside of EventLoop: for itself, and for connections, which have the sockets.
//
// Sockets without TLS that are connected are waited for with poll(2), and read by their
// connections: an answer costs a poll and a recv, where the queues of Boost.Asio would make some
// ten system calls more. Asio runs while something needs it: a lookup, a connect, TLS. What it runs
// then includes those sockets, for each has a wait there too (server_connection.cpp).

#include <poll.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "stores/redis/event_loop.hpp"
#include "stores/redis/io_thread_sleep.hpp"
#include "stores/redis/loop_ownership.hpp"

namespace exclusive_lock::redis {

// Reads a socket that is waited for with poll(2).
class SocketReader {
 public:
  // There is something to read, or the end.
  virtual void read_ready() = 0;
  // Something is to come over it but its end.
  [[nodiscard]] virtual bool expects_data() const = 0;

 protected:
  ~SocketReader() = default;
};

struct EventLoop::Impl final : LoopOwnership::Loop {
  boost::asio::io_context io{1};  // a hint: one thread at a time runs it
  std::set<LoopTimer*> timers;    // those that were ever set
  int asio_users = 0;             // that need Asio to be run
  LoopOwnership ownership{*this};

  // For the loop's thread. A socket is open between these two.
  [[nodiscard]] bool add(int socket, SocketReader* reader);  // null: Asio reads it
  void remove(int socket);

  // The I/O thread's life; returns what it has to release.
  std::shared_ptr<void> live();
  void begin_to_finish();

  std::mutex mutex;  // guards what follows, up to the thread
  std::condition_variable changed;
  bool has_ended = false;
  std::shared_ptr<void> owner;  // of a loop that was left alone

  std::thread thread;

 private:
  struct Socket {
    int descriptor;
    SocketReader* reader;
    bool is_watched = false;
    [[nodiscard]] bool expects_data() const { return reader == nullptr || reader->expects_data(); }
  };

  void run() override;
  void run_ready() override;
  void run_posted() override;
  void watch(bool on) override;
  void sleep(bool for_events) override;
  void wake_io_thread() override { io_thread_sleep_.wake_up(); }
  void wake_owner() override;

  [[nodiscard]] bool needs_asio() const;
  bool run_own();
  bool run_tasks();
  bool run_due_timers();
  bool do_io(Milliseconds max_wait);
  bool run_asio(Milliseconds max_wait);
  bool read_sockets(Milliseconds max_wait);
  void poll_sockets(Milliseconds max_wait);
  [[nodiscard]] Instant next_timer() const;
  [[nodiscard]] Milliseconds until_next_timer() const;

  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io.get_executor()};
  IoThreadSleep io_thread_sleep_;
  const WakeUpDescriptor owner_wake_up_;  // of poll(2)
  bool waits_in_asio_ = false;            // the owner, where it waits
  std::vector<Socket> sockets_;
  std::vector<pollfd> polled_;          // the same, for their memory
  LoopOwnership::Tasks running_tasks_;  // for its memory
};

}  // namespace exclusive_lock::redis
