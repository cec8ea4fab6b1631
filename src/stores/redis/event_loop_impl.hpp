#pragma once
// The inside of EventLoop, for the two files that speak Boost.Asio.

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <thread>

#include "stores/redis/event_loop.hpp"

namespace exclusive_lock::redis {

struct EventLoop::Impl {
  boost::asio::io_context io{1};  // a hint: one thread runs it
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread;
};

}  // namespace exclusive_lock::redis
