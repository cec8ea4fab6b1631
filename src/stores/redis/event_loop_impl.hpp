#pragma once
// The inside of EventLoop: for itself, and for the links, which have the sockets.
//
// Sockets without TLS that are connected are waited for with poll(2), and read by their links: an
// answer costs a poll and a recv, where the queues of Boost.Asio would make some ten system calls
// more. Asio runs while something needs it: a lookup, a connection that is made, TLS. What it runs
// then includes those sockets, for each has a wait there too (redis_link.cpp).

#include <poll.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "stores/redis/event_loop.hpp"
#include "stores/redis/loop_turns.hpp"
#include "stores/redis/own_thread_bell.hpp"
#include "stores/redis/wake_up_descriptor.hpp"

namespace exclusive_lock::redis {

// Who reads a socket that is waited for with poll(2).
class SocketReader {
 public:
  // There is something to read, or the end.
  virtual void read_ready() = 0;
  // Something is to come over it but its end.
  [[nodiscard]] virtual bool expects_news() const = 0;

 protected:
  ~SocketReader() = default;
};

struct EventLoop::Impl {
  boost::asio::io_context io{1};  // a hint: one thread at a time runs it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  OwnThreadBell own_bell;
  WakeUpDescriptor wake_up;           // of the thread that waits in poll(2)
  std::set<LoopTimer::Impl*> timers;  // those that were ever set
  int asio_users = 0;                 // that need Asio to be run
  struct Socket {
    int descriptor;
    SocketReader* reader;  // null: Asio's
    [[nodiscard]] bool expects_news() const { return reader == nullptr || reader->expects_news(); }
  };
  std::vector<Socket> sockets;
  std::vector<pollfd> polled;  // the same, while they are waited for
  LoopTurns turns{{.run = [this] { run(); },
                   .run_ready = [this] { return run_ready(); },
                   .run_handed_in = [this] { return run_handed_in(); },
                   .tell = [this](Told told) { tell(told); },
                   .stop = [this] { stop(); },
                   .restart = [this] { restart(); },
                   .await_news = [this] { own_bell.wait(); },
                   .ring = [this] { own_bell.ring(); }}};

  // Any thread; for EventLoop::post().
  void post(std::function<void()> task);

  // In a turn, or between two. Sockets are open between these, and told of.
  [[nodiscard]] bool add(int socket, SocketReader* reader);
  void remove(int socket);
  void tell(Told told);

  // The own thread's life; returns whom it has to give up.
  std::shared_ptr<void> live();
  void begin_to_finish();

  std::mutex mutex;  // guards what follows, up to the thread
  std::condition_variable news;
  bool has_ended = false;
  std::shared_ptr<void> owner;  // of a loop that was left alone

  std::thread thread;

 private:
  enum class Waiting { no, in_poll, in_asio };
  using Tasks = std::vector<std::function<void()>>;

  void run();
  bool run_ready();
  bool run_handed_in();
  void stop();
  void restart();
  [[nodiscard]] bool needs_asio() const;
  bool run_own();
  bool run_tasks();
  bool ring_due_timers();
  bool run_asio(Milliseconds longest);
  bool read_sockets(Milliseconds longest);
  [[nodiscard]] Milliseconds until_next_timer() const;
  // False: there is something to do at once.
  bool begin_waiting(Waiting waiting);
  void end_waiting();
  void wake_whoever_waits();

  Tasks running_tasks_;  // of the turn, for its memory

  std::mutex tasks_mutex_;  // guards what follows
  Tasks tasks_;
  Waiting waiting_ = Waiting::no;
  std::atomic<bool> is_stopped_ = false;
  std::atomic<bool> is_finishing_ = false;
};

}  // namespace exclusive_lock::redis
