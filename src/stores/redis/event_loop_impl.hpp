#pragma once
// The inside of EventLoop, for the files that speak Boost.Asio.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "stores/redis/event_loop.hpp"
#include "stores/redis/loop_turns.hpp"
#include "stores/redis/news_descriptor.hpp"
#include "stores/redis/own_thread_bell.hpp"

namespace exclusive_lock::redis {

struct EventLoop::Impl {
  boost::asio::io_context io{1};  // a hint: one thread at a time runs it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  OwnThreadBell own_bell;
  NewsDescriptor news_for_visitors;
  std::set<const LoopTimer::Impl*> timers;  // those that were ever set
  LoopTurns turns{{.run = [this] { io.run(); },
                   .run_ready = [this] { return io.poll() > 0; },
                   .tell = [this](Told told) { tell(told); },
                   .stop = [this] { io.stop(); },
                   .restart = [this] { io.restart(); },
                   .await_news = [this] { own_bell.wait(); },
                   .ring = [this] { own_bell.ring(); }}};

  // In a turn, or between two. Sockets are open between these, and told of.
  void add(int socket);
  void remove(int socket);
  void tell(Told told);

  // The own thread's life; returns whom it has to give up.
  std::shared_ptr<void> live();

  std::mutex mutex;  // guards what follows, up to the thread
  std::condition_variable news;
  bool has_ended = false;
  std::shared_ptr<void> owner;  // of a loop that was left alone

  std::thread thread;
};

}  // namespace exclusive_lock::redis
