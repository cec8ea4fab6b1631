#pragma once
// The inside of EventLoop, for the files that speak Boost.Asio.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "stores/redis/event_loop.hpp"
#include "stores/redis/loop_turns.hpp"
#include "stores/redis/news_descriptor.hpp"

namespace exclusive_lock::redis {

struct EventLoop::Impl {
  boost::asio::io_context io{1};  // a hint: one thread at a time runs it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  NewsDescriptor news_for_visitors;
  LoopTurns turns{{.run = [this] { io.run(); },
                   .run_ready = [this] { return io.poll() > 0; },
                   .stop = [this] { io.stop(); },
                   .restart = [this] { io.restart(); },
                   .tell_visitors = [this](bool of_news) { news_for_visitors.tell(of_news); }}};

  // The own thread's life; returns whom it has to give up.
  std::shared_ptr<void> live();

  std::mutex mutex;  // guards what follows, up to the thread
  std::condition_variable news;
  bool has_ended = false;
  std::shared_ptr<void> owner;  // of a loop that was left alone

  std::thread thread;
};

}  // namespace exclusive_lock::redis
