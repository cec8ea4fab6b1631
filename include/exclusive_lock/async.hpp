#pragma once
// ExclusiveLock without blocking, for Boost.Asio: coroutines, futures, callbacks, and every other
// completion token.
//
//   const bool acquired = co_await async_acquire_for(lock, 5s, boost::asio::use_awaitable);
//   if (acquired) ...
//
//   co_await exclusive_lock::with_lock(lock, deadline, [&]() -> boost::asio::awaitable<void> {
//     co_await write_report(lock.fence());
//   });
//
// The only header of this library that needs Boost, 1.92 or newer; docs/building.md says which one
// fits. Without a token, the calls give what a coroutine can co_await (boost::asio::deferred).
//
// Keep co_await out of conditions, as above. g++ 12 makes a wrong program of a coroutine that has a
// parameter by reference and a co_await in the condition of an if, a while or a switch, whatever is
// awaited: it crashes, with Asio alone too (`if (co_await f()) ...` with an awaitable<bool> f()).
// `const bool y = co_await f();` and `if (bool y = co_await f(); y)` are right everywhere.
//
//   call                     completes with
//   async_acquire            error, true: this object holds the lock; one try
//   async_acquire_until/for  error, true: it holds the lock; false: the time was over
//   async_refresh            error, RefreshOutcome
//   async_release            error, ReleaseOutcome
//   async_inspect            error, std::optional<LockRecord>; none: nobody holds it
//   with_lock, async_once    coroutines: with_lock.hpp, async_once.hpp
//
// What they mean is what the calls of the same names in exclusive_lock.hpp mean: acquire asks
// whether the *object* holds the lock, so coroutines that share one object are all told yes. Give
// each an object of its own, or use with_lock(), to which the hold of another coroutine of the same
// object is somebody else's.
//
// Executor. A handler always runs through its associated executor, never inside the call that
// began the operation and never on a thread of this library; that executor counts as busy until
// then. A handler without one runs on Asio's system executor, which has threads of its own.
//
// Cancellation. Through the associated cancellation slot, of any type (terminal, partial, total).
// The operation completes at once with boost::asio::error::operation_aborted. An acquire leaves
// nothing behind (G4): not in the queue, and not a lock that was granted while the cancellation was
// on its way. A cancelled release goes on in the background, a cancelled refresh or inspect is
// answered to nobody. Once the handler has begun, it is too late: in `acquire || timer` look at
// held() when the timer was the first.
//
// Errors. Trouble with the store is a code of error_category(), as boost::system::error_code, which
// compares equal to errc; use_awaitable and use_future throw it as boost::system::system_error.
// Release and refresh have no errors but cancellation: that the store did not answer is their
// outcome `unknown`.
//
// Threads. Operations on one lock may be begun from any thread, side by side. As everywhere in
// Asio, a cancellation is not to be emitted while the handler of the same operation may run.
//
// Lifetime. A lock may be destroyed while operations on it are under way: acquiring ones complete
// with operation_aborted. The destructor blocks until the store has answered what it releases or
// gives back, as always: end both before, or destroy the lock on a thread that may block. An
// execution context must live until the operations that complete on it have: end the locks first,
// or cancel and run it to the end.
//
// Cost. That of the blocking calls, no thread that waits, and one post to the executor. What
// `memory:` and `local:` do, they do on the thread that begins the operation: some microseconds; a
// busy `local:` store can block it up to its command timeout. With a server, an io_context whose
// own thread begins an operation (its executor may be wrapped in a strand or type-erased) does the
// connection's I/O in between its handlers, which saves two switches of threads each way; it needs
// a descriptor for that. Others leave it to the connection's thread.
//
// Example: examples/in_a_coroutine.cpp

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "exclusive_lock/async_call.hpp"
#include "exclusive_lock/async_once.hpp"
#include "exclusive_lock/callbacks.hpp"
#include "exclusive_lock/saturating.hpp"
#include "exclusive_lock/with_lock.hpp"

namespace exclusive_lock {

// One try, one round trip.
template <class Token = boost::asio::deferred_t>
auto async_acquire(ExclusiveLock& lock, Token&& token = Token()) {
  return async_detail::async_acquire(lock, AcquireTerms{}, std::forward<Token>(token));
}

// A deadline on any clock; see deadline_at(), which is asked in this call.
template <class Clock, class Duration, class Token = boost::asio::deferred_t>
auto async_acquire_until(ExclusiveLock& lock,
                         const std::chrono::time_point<Clock, Duration>& deadline,
                         Token&& token = Token()) {
  return async_detail::async_acquire(lock, AcquireTerms{.deadline = deadline_at(deadline)},
                                     std::forward<Token>(token));
}

// The time counts from when the operation begins, which with some tokens is later than this call.
template <class Rep, class Period, class Token = boost::asio::deferred_t>
auto async_acquire_for(ExclusiveLock& lock, const std::chrono::duration<Rep, Period>& patience,
                       Token&& token = Token()) {
  return boost::asio::async_initiate<Token, async_detail::Signature<bool>>(
      [](auto handler, ExclusiveLock* on, std::chrono::nanoseconds time) {
        async_detail::begin_acquire(std::move(handler), *on, {.deadline = deadline_after(time)});
      },
      token, &lock, saturated<std::chrono::nanoseconds>(patience));
}

template <class Token = boost::asio::deferred_t>
auto async_refresh(ExclusiveLock& lock, Token&& token = Token()) {
  return boost::asio::async_initiate<Token, async_detail::Signature<RefreshOutcome>>(
      [](auto handler, ExclusiveLock* on) {
        async_detail::begin_call(
            std::move(handler), *on, RefreshOutcome::unknown, [on](const auto& answered) {
              begin_refresh(*on, [answered](RefreshOutcome outcome) { answered({}, outcome); });
            });
      },
      token, &lock);
}

// The hold ends before the store is asked. Where another thread is at work on this lock just now,
// it may be a moment after this has returned.
template <class Token = boost::asio::deferred_t>
auto async_release(ExclusiveLock& lock, Token&& token = Token()) {
  return boost::asio::async_initiate<Token, async_detail::Signature<ReleaseOutcome>>(
      [](auto handler, ExclusiveLock* on) {
        async_detail::begin_call(
            std::move(handler), *on, ReleaseOutcome::unknown, [on](const auto& answered) {
              begin_release(*on, [answered](ReleaseOutcome outcome) { answered({}, outcome); });
            });
      },
      token, &lock);
}

template <class Token = boost::asio::deferred_t>
auto async_inspect(const ExclusiveLock& lock, Token&& token = Token()) {
  using Seen = std::optional<LockRecord>;
  return boost::asio::async_initiate<Token, async_detail::Signature<Seen>>(
      [](auto handler, const ExclusiveLock* at) {
        async_detail::begin_call(std::move(handler), *at, Seen(),
                                 [at](const auto& answered) { begin_inspect(*at, answered); });
      },
      token, &lock);
}

}  // namespace exclusive_lock
