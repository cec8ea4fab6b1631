#pragma once
// What the checks of the asynchronous calls begin with.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <future>
#include <utility>

#include "conformance/api/worker.hpp"
#include "exclusive_lock/async.hpp"

namespace exclusive_lock::conformance {

namespace asio = boost::asio;

// False: there was still something to do after a minute.
inline bool run_to_the_end(asio::io_context& io) {
  io.restart();
  io.run_for(very_long);
  return io.stopped();
}

// On one thread, this one. Throws what the coroutine threw.
template <class Coroutine>
void run_in_coroutine(Coroutine coroutine) {
  asio::io_context io;
  auto end = asio::co_spawn(io, std::move(coroutine), asio::use_future);
  ASSERT_TRUE(run_to_the_end(io));
  end.get();
}

}  // namespace exclusive_lock::conformance
