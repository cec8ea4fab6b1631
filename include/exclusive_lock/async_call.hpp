#pragma once
// One operation of async.hpp: connects a handler, its executor and its cancellation slot with a
// call of callbacks.hpp. Internal part of async.hpp.

#include <atomic>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <system_error>
#include <utility>

#include "exclusive_lock/callbacks.hpp"

namespace exclusive_lock {
namespace async_detail {

using boost::system::error_code;
template <class Value>
using Signature = void(error_code, Value);

inline error_code aborted() { return boost::asio::error::operation_aborted; }

// The error that the handler gets.
inline error_code to_asio_error(const std::error_code& error) {
  return error == std::errc::operation_canceled ? aborted() : error_code(error);
}

// Runs handlers without an associated executor: a handler never runs on a thread of this library.
using FallbackExecutor = boost::asio::system_executor;

// Keeps one handler until it is posted to its executor.
template <class Handler, class Value>
class Call {
 public:
  explicit Call(Handler handler)
      : handler_(std::move(handler)),
        work_(boost::asio::make_work_guard(handler_, FallbackExecutor())) {}

  // Call it before the operation begins, when no answer can come yet.
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

  // Any thread; only the first answer counts. `before_handler(error, value)` runs on the executor
  // immediately before the handler, and may change both.
  template <class BeforeHandler>
  void answer(error_code error, Value value, BeforeHandler before_handler) {
    if (answered_.exchange(true))
      return;
    const auto executor = boost::asio::get_associated_executor(handler_, FallbackExecutor());
    // Keeps the executor alive until post() has returned: the handler may have run by then, and an
    // executor without work may be destroyed.
    const auto posting = work_;
    // Moves all objects of the user, since any thread may free what stays in this Call.
    boost::asio::post(executor, [handler = std::move(handler_), work = std::move(work_), error,
                                 value = std::move(value),
                                 before_handler = std::move(before_handler)]() mutable {
      if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
        slot.clear();
      before_handler(error, value);
      std::move(handler)(error, std::move(value));
    });
  }
  void answer(error_code error, Value value) {
    answer(error, std::move(value), [](const error_code&, const Value&) {});
  }

 private:
  Handler handler_;
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler, FallbackExecutor>>
      work_;
  std::atomic<bool> answered_{false};
};

template <class Handler>
class AcquireCall : public Call<Handler, bool> {
 public:
  AcquireCall(Handler handler, ExclusiveLock& lock, const AcquireTerms& terms)
      : Call<Handler, bool>(std::move(handler)), acquire_(lock, terms) {}

  static void begin(const std::shared_ptr<AcquireCall>& self) {
    self->on_cancel([weak = std::weak_ptr(self)] {
      if (const auto call = weak.lock()) {
        call->is_cancelled_ = true;
        call->acquire_.abandon();
      }
    });
    self->acquire_.start([self](const std::error_code& error, bool acquired) {
      self->answer(to_asio_error(error), acquired, [self](error_code& result, bool& is_acquired) {
        self->take_back_if_cancelled(result, is_acquired);
      });
    });
  }

 private:
  // The lock may have been granted before the cancellation could reach the acquire.
  void take_back_if_cancelled(error_code& result, bool& is_acquired) const {
    if (!is_acquired || !is_cancelled_)
      return;
    acquire_.give_back();
    result = aborted();
    is_acquired = false;
  }

  const CallbackAcquire acquire_;
  bool is_cancelled_ = false;
};

template <class Handler>
void begin_acquire(Handler handler, ExclusiveLock& lock, const AcquireTerms& terms) {
  AcquireCall<Handler>::begin(
      std::make_shared<AcquireCall<Handler>>(std::move(handler), lock, terms));
}

// Begins a call whose answer is discarded after a cancellation. `begin(answered)` starts it.
template <class Value, class Handler, class Begin>
void begin_call(Handler handler, Value when_cancelled, Begin begin) {
  const auto call = std::make_shared<Call<Handler, Value>>(std::move(handler));
  call->on_cancel([weak = std::weak_ptr(call), when_cancelled] {
    if (const auto self = weak.lock())
      self->answer(aborted(), when_cancelled);
  });
  begin([call](const std::error_code& error, Value value) {
    call->answer(to_asio_error(error), std::move(value));
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

}  // namespace exclusive_lock
