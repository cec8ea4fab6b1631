#pragma once
// The calls of ExclusiveLock for Boost.Asio, without blocking: with coroutines, futures, callbacks
// and every other completion token.
//
//   const bool acquired = co_await async_acquire_for(lock, 5s, boost::asio::use_awaitable);
//   if (acquired) ...
//
//   co_await exclusive_lock::with_lock(lock, deadline, [&]() -> boost::asio::awaitable<void> {
//     co_await write_report(lock.fence());
//   });
//
// This is the only header of the library that needs Boost: 1.92 or newer (docs/building.md).
// Without a token, a call returns what a coroutine can co_await (boost::asio::deferred).
//
// Keep co_await out of conditions, as above. g++ 12 miscompiles a coroutine that has a reference
// parameter and a co_await in the condition of an if, a while or a switch, whatever it awaits: the
// program crashes, also with Asio alone (`if (co_await f()) ...` with an awaitable<bool> f()).
// `const bool y = co_await f();` and `if (bool y = co_await f(); y)` are safe with every compiler.
//
//   call                     completes with
//   async_acquire            error, true: this object holds the lock; one try
//   async_acquire_until/for  error, true: it holds the lock; false: the time was over
//   async_refresh            error, RefreshOutcome
//   async_release            error, ReleaseOutcome
//   async_inspect            error, std::optional<LockRecord>; none: no holder
//   with_lock, async_once    coroutines: with_lock.hpp, async_once.hpp
//
// The calls mean the same as those of the same names in exclusive_lock.hpp. So acquire asks whether
// the *object* holds the lock: coroutines that share one object all get `true`. Give each coroutine
// an object of its own. Or use with_lock(), which waits while another coroutine holds the lock
// through the same object.
//
// Executor. A handler always runs through its associated executor, never inside the call that began
// the operation and never on a thread of this library. Until then, the executor has outstanding
// work. A handler without an associated executor runs on Asio's system executor, which has threads
// of its own.
//
// Cancellation, by the associated cancellation slot, of any type (terminal, partial, total). The
// operation completes at once with boost::asio::error::operation_aborted. An acquire leaves nothing
// behind (G4): it leaves the queue, and a lock that was granted meanwhile is released. A cancelled
// release goes on in the background; the result of a cancelled refresh or inspect is discarded. A
// cancellation after the handler has begun has no effect: with `acquire || timer`, look at held()
// if the timer was first.
//
// Errors. A failure of the store is a code of error_category(), as a boost::system::error_code that
// compares equal to errc. use_awaitable and use_future throw it as boost::system::system_error.
// Release and refresh have no error but cancellation: if the store does not answer, their outcome
// is `unknown`.
//
// Threads. Operations on one lock may be begun from any thread at any time. As everywhere in Asio,
// a cancellation must not be emitted while the handler of the same operation may run.
//
// Lifetime. A lock may be destroyed while operations on it are running: its acquires complete with
// operation_aborted. The destructor blocks until the store has answered what it releases or gives
// back. To avoid that, end both before, or destroy the lock on a thread that may block. An
// execution context must outlive the operations that complete on it: end the locks first, or cancel
// the operations and run the context until it has no more work.
//
// Cost. That of the blocking calls and one post to the executor; no thread waits. `memory:` and
// `local:` work on the thread that begins the operation, for some microseconds; a busy `local:`
// store can block it up to its command timeout. With a server, the connection's I/O thread sends
// and receives: two thread switches per call, which calls that are under way at once share.
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

// The deadline may be on any clock; this call converts it with deadline_at().
template <class Clock, class Duration, class Token = boost::asio::deferred_t>
auto async_acquire_until(ExclusiveLock& lock,
                         const std::chrono::time_point<Clock, Duration>& deadline,
                         Token&& token = Token()) {
  return async_detail::async_acquire(lock, AcquireTerms{.deadline = deadline_at(deadline)},
                                     std::forward<Token>(token));
}

// The timeout counts from when the operation begins, which is later than this call with some
// tokens.
template <class Rep, class Period, class Token = boost::asio::deferred_t>
auto async_acquire_for(ExclusiveLock& lock, const std::chrono::duration<Rep, Period>& timeout,
                       Token&& token = Token()) {
  return boost::asio::async_initiate<Token, async_detail::Signature<bool>>(
      [](auto handler, ExclusiveLock* on, std::chrono::nanoseconds time) {
        async_detail::begin_acquire(std::move(handler), *on, {.deadline = deadline_after(time)});
      },
      token, &lock, saturated<std::chrono::nanoseconds>(timeout));
}

template <class Token = boost::asio::deferred_t>
auto async_refresh(ExclusiveLock& lock, Token&& token = Token()) {
  return boost::asio::async_initiate<Token, async_detail::Signature<RefreshOutcome>>(
      [](auto handler, ExclusiveLock* on) {
        async_detail::begin_call(
            std::move(handler), RefreshOutcome::unknown, [on](const auto& answered) {
              begin_refresh(*on, [answered](RefreshOutcome outcome) { answered({}, outcome); });
            });
      },
      token, &lock);
}

// The hold ends before the request is sent. If another thread is working on this lock, that may be
// a moment after this call has returned.
template <class Token = boost::asio::deferred_t>
auto async_release(ExclusiveLock& lock, Token&& token = Token()) {
  return boost::asio::async_initiate<Token, async_detail::Signature<ReleaseOutcome>>(
      [](auto handler, ExclusiveLock* on) {
        async_detail::begin_call(
            std::move(handler), ReleaseOutcome::unknown, [on](const auto& answered) {
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
        async_detail::begin_call(std::move(handler), Seen(),
                                 [at](const auto& answered) { begin_inspect(*at, answered); });
      },
      token, &lock);
}

}  // namespace exclusive_lock
