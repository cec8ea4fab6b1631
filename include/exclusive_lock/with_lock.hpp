#pragma once
// with_lock(): holds a lock while a coroutine runs. Part of async.hpp, which has an example.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <exception>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>

#include "exclusive_lock/async_call.hpp"
#include "exclusive_lock/callbacks.hpp"
#include "exclusive_lock/error.hpp"
#include "exclusive_lock/saturating.hpp"

namespace exclusive_lock {
namespace async_detail {

// The state that with_lock() and its body share. The body runs on a strand of its own, so that a
// cancellation never runs at the same time as its handlers, however many threads its executor has.
template <class Body, class Value>
class Guarded : public std::enable_shared_from_this<Guarded<Body, Value>> {
 public:
  using Kept = std::conditional_t<std::is_void_v<Value>, bool, Value>;
  using Type = boost::asio::cancellation_type;

  Guarded(const boost::asio::any_io_executor& executor, CallbackHold hold, Body body)
      : strand_(boost::asio::make_strand(executor)),
        hold_(std::move(hold)),
        body_(std::move(body)) {}

  [[nodiscard]] const auto& strand() const { return strand_; }
  [[nodiscard]] auto slot() { return cancel_.slot(); }
  [[nodiscard]] const CallbackHold& hold() const { return hold_; }
  // Valid after the body has ended.
  [[nodiscard]] bool has_succeeded() const { return result_ && !thrown_; }

  // Any thread.
  void cancel(Type type) {
    boost::asio::post(strand_, [self = this->shared_from_this(), type] {
      self->requested_ = self->requested_ | type;
      self->cancel_.emit(type);
    });
  }

  // On the strand. `throws`: throw_if_cancelled() of the coroutine that awaits with_lock().
  static boost::asio::awaitable<void> run(std::shared_ptr<Guarded> self, bool throws) {
    // The caller's filter has been applied already.
    co_await boost::asio::this_coro::reset_cancellation_state(
        boost::asio::enable_total_cancellation());
    co_await boost::asio::this_coro::throw_if_cancelled(throws);
    if (self->requested_ != Type::none)
      self->cancel(self->requested_);  // a cancellation came before the reset
    const std::stop_callback on_loss(self->hold_.lost_token(), [self] { self->cancel_for_loss(); });
    try {
      if constexpr (std::is_void_v<Value>) {
        co_await self->body_();
        self->result_ = true;
      } else {
        self->result_ = co_await self->body_();
      }
    } catch (...) {
      self->thrown_ = std::current_exception();
    }
  }

  // Returns the result, or throws the exception that replaces it.
  std::optional<Kept> take() {
    if (hold_.was_lost())
      throw_lost();
    if (thrown_)
      std::rethrow_exception(thrown_);
    return std::move(result_);
  }

 private:
  // Called on the thread that stops lost tokens.
  void cancel_for_loss() noexcept {
    try {
      cancel(Type::all);
    } catch (const std::bad_alloc&) {  // the loss is then reported when the body has ended
    }
  }

  [[noreturn]] void throw_lost() const {
    const boost::system::system_error lost{error_code(make_error_code(errc::lock_lost))};
    if (!thrown_)
      throw lost;
    try {
      std::rethrow_exception(thrown_);
    } catch (...) {
      std::throw_with_nested(lost);
    }
  }

  const boost::asio::strand<boost::asio::any_io_executor> strand_;
  const CallbackHold hold_;
  boost::asio::cancellation_signal cancel_;  // on the strand, after the body has begun
  Type requested_ = Type::none;              // on the strand
  Body body_;
  std::optional<Kept> result_;
  std::exception_ptr thrown_;
};

// Awaits the body and forwards the caller's cancellation to it.
template <class Body, class Value>
boost::asio::awaitable<void> run_guarded(std::shared_ptr<Guarded<Body, Value>> guarded) {
  namespace asio = boost::asio;
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  const auto state = co_await asio::this_coro::cancellation_state;
  auto outer = state.slot();
  if (outer.is_connected())
    outer.assign([guarded](asio::cancellation_type type) { guarded->cancel(type); });
  co_await asio::co_spawn(guarded->strand(), Guarded<Body, Value>::run(guarded, throws),
                          asio::bind_cancellation_slot(guarded->slot(), asio::use_awaitable));
  if (outer.is_connected())
    outer.clear();
}

// A token for operations that a cancellation must not end.
inline auto not_cancelled() {
  return boost::asio::bind_cancellation_slot(boost::asio::cancellation_slot(),
                                             boost::asio::use_awaitable);
}

template <class Token>
auto async_release(const CallbackHold& hold, Token&& token) {
  return boost::asio::async_initiate<Token, Signature<ReleaseOutcome>>(
      [](auto handler, const CallbackHold& of) {
        begin_call(std::move(handler), ReleaseOutcome::unknown, [of](const auto& answered) {
          of.release([answered](ReleaseOutcome outcome) { answered({}, outcome); });
        });
      },
      token, hold);
}

// Releases the hold of a with_lock().
struct PlainRelease {
  boost::asio::awaitable<void> operator()(CallbackHold hold, bool /*has_succeeded*/) const {
    co_await async_release(hold, not_cancelled());
  }
};

// `release(hold, has_succeeded)` returns the awaitable<void> that releases the hold.
// `has_succeeded`: the body has ended without an exception.
template <class Body, class Release, class Value = typename std::invoke_result_t<Body&>::value_type>
auto under_lock(ExclusiveLock& lock, AcquireTerms terms, Body body, Release release)
    -> boost::asio::awaitable<
        std::conditional_t<std::is_void_v<Value>, bool, std::optional<Value>>> {
  namespace asio = boost::asio;
  const bool acquired = co_await async_acquire(lock, terms, asio::use_awaitable);
  if (!acquired)
    co_return std::conditional_t<std::is_void_v<Value>, bool, std::optional<Value>>();
  const auto executor = co_await asio::this_coro::executor;
  const auto guarded =
      std::make_shared<Guarded<Body, Value>>(executor, CallbackHold(lock), std::move(body));
  std::exception_ptr not_run;
  try {
    co_await run_guarded(guarded);
  } catch (...) {  // cancelled before the body began
    not_run = std::current_exception();
  }
  // A cancelled coroutine throws at its next co_await, and its operations are cancelled. Neither
  // must prevent the release.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  const bool has_succeeded = !not_run && guarded->has_succeeded();
  co_await release(guarded->hold(), has_succeeded);
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (not_run)
    std::rethrow_exception(not_run);
  auto result = guarded->take();
  if constexpr (std::is_void_v<Value>) {
    co_return result.has_value();
  } else {
    co_return result;
  }
}

}  // namespace async_detail

// Acquires `lock`, runs `body`, a function that returns an awaitable, and awaits the release: also
// if the body throws or this coroutine is cancelled. As lock() does, it waits while another
// coroutine holds the lock through the same object. It releases only the hold that it acquired.
//
// Returns true, or the result of the body: the body has run, and the hold was valid all the time.
// Returns false, or an empty optional: the lock could not be acquired by the deadline (on any
// clock), and the body has not run. Throws what async_acquire_until throws, what the body throws,
// and errc::lock_lost after a loss.
//
// Loss. When the hold is lost, the body is cancelled (cancellation_type::all): the operation that
// it awaits ends with operation_aborted, and its next co_await throws unless it has set
// throw_if_cancelled to false. with_lock() waits until the body has ended, however long that takes,
// and then throws boost::system::system_error with errc::lock_lost. It drops the body's result; an
// exception of the body is nested (std::rethrow_if_nested). The same happens if only the release
// reveals the loss. So a body should let the cancellation end it: if it goes on, it runs at the
// same time as the next holder. A body that does not await cannot be cancelled and must ask
// lock.held(). A body may release the lock itself: that is no loss.
//
// Cancellation of with_lock() reaches the body with the same type, after the filter of the awaiting
// coroutine. The body starts with enable_total_cancellation and with that coroutine's
// throw_if_cancelled. with_lock() throws the body's exception after the release, or errc::lock_lost
// if the hold was lost as well.
//
// Executor. The body runs on a strand of this coroutine's executor. The lock must live until
// with_lock() has ended. If this coroutine is destroyed while it is suspended, it does not release;
// the destructor of the lock does.
//
// Cost: acquire and release, one allocation, and two posts to the executor.
template <class Clock, class Duration, class Body>
auto with_lock(ExclusiveLock& lock, const std::chrono::time_point<Clock, Duration>& deadline,
               Body body) {
  const AcquireTerms terms{.as = AcquireAs::mutex, .deadline = deadline_at(deadline)};
  return async_detail::under_lock(lock, terms, std::move(body), async_detail::PlainRelease{});
}

}  // namespace exclusive_lock
