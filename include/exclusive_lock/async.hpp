#pragma once
// ExclusiveLock without blocking, for Boost.Asio: coroutines, futures, callbacks, and every other
// completion token.
//
//   if (co_await exclusive_lock::async_acquire_for(lock, 5s, boost::asio::use_awaitable)) ...
//
//   co_await exclusive_lock::with_lock(lock, deadline, [&]() -> boost::asio::awaitable<void> {
//     co_await write_report(lock.fence());
//   });
//
// The only header of this library that needs Boost, 1.92 or newer; docs/building.md says which one
// fits. Without a token, the calls give what a coroutine can co_await (boost::asio::deferred).
//
//   call                     completes with
//   async_acquire            error, true: this object holds the lock; one try
//   async_acquire_until/for  error, true: it holds the lock; false: the time was over
//   async_refresh            error, RefreshOutcome
//   async_release            error, ReleaseOutcome
//   async_inspect            error, std::optional<LockRecord>; none: nobody holds it
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

#include <atomic>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "exclusive_lock/async_io.hpp"
#include "exclusive_lock/callbacks.hpp"

namespace exclusive_lock {
namespace async_detail {

using boost::system::error_code;
template <class Value>
using Signature = void(error_code, Value);

inline error_code aborted() { return boost::asio::error::operation_aborted; }

inline error_code told_as(const std::error_code& error) {
  return error == std::errc::operation_canceled ? aborted() : error_code(error);
}

// Where handlers run that name no executor: never on the thread that answers, which is ours.
using Elsewhere = boost::asio::system_executor;

// One handler until it is on its way to its executor.
template <class Handler, class Value>
class Call {
 public:
  Call(Handler handler, const ExclusiveLock& lock)
      : handler_(std::move(handler)),
        work_(boost::asio::make_work_guard(handler_, Elsewhere())),
        io_(boost::asio::get_associated_executor(handler_, Elsewhere()), lock) {}

  // Calls `call`, which asks for the answer, once.
  void begin(const std::function<void()>& call) const { io_.begin(call); }

  // In the call that began the operation, before anything can answer it.
  template <class Cancel>
  void on_cancel(Cancel cancel) {
    auto slot = boost::asio::get_associated_cancellation_slot(handler_);
    if (!slot.is_connected())
      return;
    slot.assign([cancel = std::move(cancel)](boost::asio::cancellation_type type) {
      if (type != boost::asio::cancellation_type::none)
        cancel();
    });
  }

  // Any thread; the first answer counts. `last_look(error, value)` runs on the executor, right
  // before the handler.
  template <class LastLook>
  void answer(error_code error, Value value, LastLook last_look) {
    if (answered_.exchange(true))
      return;
    const auto executor = boost::asio::get_associated_executor(handler_, Elsewhere());
    // Busy until post() has returned too: the handler may have run by then, and an executor with
    // nothing left to do may be destroyed.
    const auto still_posting = work_;
    io_.end();
    // All that is the user's goes along: what stays here may be freed on any thread.
    boost::asio::post(executor, [handler = std::move(handler_), work = std::move(work_), error,
                                 value = std::move(value),
                                 last_look = std::move(last_look)]() mutable {
      if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
        slot.clear();
      last_look(error, value);
      std::move(handler)(error, std::move(value));
    });
  }
  void answer(error_code error, Value value) {
    answer(error, std::move(value), [](const error_code&, const Value&) {});
  }

 private:
  Handler handler_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler, Elsewhere>> work_;
  IoPart io_;
  std::atomic<bool> answered_{false};
};

template <class Handler>
void begin_acquire(Handler handler, ExclusiveLock& lock, const AcquireTerms& terms) {
  const auto call = std::make_shared<Call<Handler, bool>>(std::move(handler), lock);
  const CallbackAcquire acquire(lock, terms);
  const auto cancelled = std::make_shared<bool>(false);
  call->on_cancel([acquire, cancelled] {
    *cancelled = true;
    acquire.abandon();
  });
  call->begin([&] {
    acquire.start([call, acquire, cancelled](const std::error_code& error, bool acquired) {
      call->answer(told_as(error), acquired, [acquire, cancelled](error_code& told, bool& yes) {
        if (!yes || !*cancelled)
          return;
        // The grant and the cancellation have crossed.
        acquire.give_back();
        told = aborted();
        yes = false;
      });
    });
  });
}

// A call whose answer may be dropped. `begin` is given what takes the answer.
template <class Value, class Handler, class Begin>
void begin_call(Handler handler, const ExclusiveLock& lock, Value when_cancelled, Begin begin) {
  const auto call = std::make_shared<Call<Handler, Value>>(std::move(handler), lock);
  call->on_cancel([weak = std::weak_ptr(call), when_cancelled] {
    if (const auto self = weak.lock())
      self->answer(aborted(), when_cancelled);
  });
  call->begin([&] {
    begin([call](const std::error_code& error, Value value) {
      call->answer(told_as(error), std::move(value));
    });
  });
}

template <class Token>
auto async_acquire(ExclusiveLock& lock, const AcquireTerms& terms, Token&& token) {
  return boost::asio::async_initiate<Token, Signature<bool>>(
      [](auto handler, ExclusiveLock* on, const AcquireTerms& under) {
        begin_acquire(std::move(handler), *on, under);
      },
      token, &lock, terms);
}

}  // namespace async_detail

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

// Runs `body` while `lock` is held, and awaits the release before the next line runs: also when the
// body throws, and when this coroutine is cancelled. As lock() does, it waits where another
// coroutine has the lock through the same object.
//
// True, or what the body returned: it has run. False, or nothing: the lock was not to be had by the
// deadline, and it has not. Throws what the body threw, and what async_acquire_until throws.
//
// A coroutine that is destroyed while it is suspended does not release here; the lock's destructor
// does.
template <class Body, class Value = typename std::invoke_result_t<Body&>::value_type>
auto with_lock(ExclusiveLock& lock, Instant deadline, Body body) -> boost::asio::awaitable<
    std::conditional_t<std::is_void_v<Value>, bool, std::optional<Value>>> {
  namespace asio = boost::asio;
  std::conditional_t<std::is_void_v<Value>, bool, std::optional<Value>> result{};
  const AcquireTerms terms{.as = AcquireAs::mutex, .deadline = deadline};
  const bool acquired = co_await async_detail::async_acquire(lock, terms, asio::use_awaitable);
  if (!acquired)
    co_return result;
  std::exception_ptr thrown;
  try {
    if constexpr (std::is_void_v<Value>) {
      co_await body();
      result = true;
    } else {
      result = co_await body();
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  // A coroutine that was cancelled throws at its next co_await, and its operations are cancelled
  // too: neither is to stop the release.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await async_release(
      lock, asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (thrown)
    std::rethrow_exception(thrown);
  co_return result;
}

}  // namespace exclusive_lock
