#pragma once
// The inside of EventLoop, for the files that speak Boost.Asio.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "stores/redis/event_loop.hpp"
#include "stores/redis/loop_turns.hpp"

namespace exclusive_lock::redis {

struct EventLoop::Impl {
  boost::asio::io_context io{1};  // a hint: one thread at a time runs it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  LoopTurns turns{{.run = [this] { io.run(); },
                   .stop = [this] { io.stop(); },
                   .restart = [this] { io.restart(); }}};
  std::thread thread;
};

}  // namespace exclusive_lock::redis
