#pragma once
// One operation of async.hpp: a handler, its executor and its cancellation, over callbacks.hpp. Not
// for users: it is part of async.hpp.

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
#include <functional>
#include <memory>
#include <system_error>
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

}  // namespace exclusive_lock
