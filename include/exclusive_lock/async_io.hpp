#pragma once
// Lets the io_context whose coroutines wait for a reply do the I/O of the connection, which saves
// thread switches (connection_io.hpp). Internal part of async.hpp.

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/execution_context.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "exclusive_lock/connection_io.hpp"

namespace exclusive_lock::async_detail {

// The I/O of one connection that one io_context does. Any thread.
class IoShare : public std::enable_shared_from_this<IoShare> {
 public:
  // Null: this store has no such I/O, or there is no free descriptor.
  static std::shared_ptr<IoShare> make(boost::asio::io_context& io, const ExclusiveLock& lock) {
    const ConnectionIo connection(lock);
    const int shown = connection.descriptor();
    const int copy = shown < 0 ? -1 : ::fcntl(shown, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
      return nullptr;
    auto share = std::make_shared<IoShare>(io, connection);
    boost::system::error_code error;
    share->readiness_->assign(copy, error);
    if (!error)
      return share;
    ::close(copy);
    return nullptr;
  }

  IoShare(boost::asio::io_context& io, ConnectionIo connection)
      : io_(io), connection_(std::move(connection)), readiness_(std::in_place, io) {}

  [[nodiscard]] bool is_of(const ExclusiveLock& lock) const { return connection_.is_of(lock); }
  [[nodiscard]] bool is_over() const { return connection_.descriptor() < 0; }

  // Calls `call`, which begins a request. A request that is the only one is sent at once, and so is
  // a batch that has max_batch; others are sent after the handlers that are ready now, in one batch
  // with theirs.
  void begin(const std::function<void()>& call) {
    connection_.hand_in(call);
    int unsent = 0;
    bool is_alone = false;
    {
      const std::lock_guard guard(mutex_);
      unsent = ++unsent_;
      is_alone = unanswered_ == 1;
    }
    if (unsent == max_batch || (is_alone && unsent == 1)) {
      send();
    } else if (unsent == 1) {
      boost::asio::post(io_, [self = shared_from_this()] { self->send(); });
    }
  }

  // Between these two calls, this waits for the descriptor. Make the second one while the
  // io_context still has work for the call.
  void expect_answer() {
    const std::lock_guard guard(mutex_);
    ++unanswered_;
  }
  void need_no_answer() {
    const std::lock_guard guard(mutex_);
    if (--unanswered_ == 0 && is_watching_ && readiness_)
      readiness_->cancel();
  }

  // The io_context is being destroyed.
  void end() {
    const std::lock_guard guard(mutex_);
    readiness_.reset();
  }

 private:
  // Large enough to share the cost of sending, small enough that the store begins with the first
  // requests while the handlers make more of them.
  static constexpr int max_batch = 16;

  void send() {
    {
      const std::lock_guard guard(mutex_);
      unsent_ = 0;
    }
    if (connection_.send())
      watch();
  }

  void watch() {
    const std::lock_guard guard(mutex_);
    if (unanswered_ == 0 || !readiness_ || std::exchange(is_watching_, true))
      return;
    readiness_->async_wait(
        boost::asio::posix::descriptor_base::wait_read,
        [self = shared_from_this()](boost::system::error_code) { self->on_ready(); });
  }

  // The descriptor is readable, or the wait was cancelled. In the second case, a new call may have
  // come since.
  void on_ready() {
    {
      const std::lock_guard guard(mutex_);
      is_watching_ = false;
      if (unanswered_ == 0)
        return;
    }
    if (connection_.take_news())
      watch();
  }

  boost::asio::io_context& io_;
  const ConnectionIo connection_;
  std::mutex mutex_;  // guards what follows
  std::optional<boost::asio::posix::stream_descriptor> readiness_;
  int unanswered_ = 0;  // calls of this io_context
  int unsent_ = 0;
  bool is_watching_ = false;
};

// All IoShare objects of an io_context, one per connection.
class IoShares : public boost::asio::execution_context::service {
 public:
  using key_type = IoShares;
  inline static boost::asio::execution_context::id id;

  explicit IoShares(boost::asio::execution_context& context) : service(context) {}

  std::shared_ptr<IoShare> share_of(boost::asio::io_context& io, const ExclusiveLock& lock) {
    const std::lock_guard guard(mutex_);
    for (const auto& share : shares_) {
      if (share->is_of(lock))
        return share;
    }
    std::erase_if(shares_, [](const auto& share) { return share->is_over(); });
    auto share = IoShare::make(io, lock);
    if (share)
      shares_.push_back(share);
    return share;
  }

 private:
  void shutdown() override {
    for (const auto& share : shares_)
      share->end();
  }

  std::mutex mutex_;
  std::vector<std::shared_ptr<IoShare>> shares_;
};

// The io_context of an executor, also inside a strand or a type-erased executor. Null: a context of
// another type, or a wrapper that hides it.
template <class Executor>
boost::asio::io_context* io_context_of(const Executor& executor) {
  using Direct = boost::asio::io_context::executor_type;
  if constexpr (std::is_same_v<Executor, Direct>) {
    return &executor.context();
  } else if constexpr (requires { executor.get_inner_executor(); }) {
    return io_context_of(executor.get_inner_executor());
  } else if constexpr (requires { executor.template target<Direct>(); }) {
    if (const auto* const direct = executor.template target<Direct>())
      return &direct->context();
    if (const auto* const strand = executor.template target<boost::asio::strand<Direct>>())
      return io_context_of(strand->get_inner_executor());
    // The executor of the body of with_lock().
    const auto* const strand = executor.template target<boost::asio::strand<Executor>>();
    return strand == nullptr ? nullptr : io_context_of(strand->get_inner_executor());
  } else {
    return nullptr;
  }
}

// Connects one call with the IoShare of its io_context. If the calling thread does not run that
// io_context, it may run late or not at all, so the connection's own thread does the I/O.
class IoPart {
 public:
  template <class Executor>
  IoPart(const Executor& executor, const ExclusiveLock& lock) {
    boost::asio::io_context* const io = io_context_of(executor);
    if (io != nullptr && io->get_executor().running_in_this_thread())
      share_ = boost::asio::use_service<IoShares>(*io).share_of(*io, lock);
    if (share_)
      share_->expect_answer();
  }
  ~IoPart() { end(); }
  IoPart(const IoPart&) = delete;
  IoPart& operator=(const IoPart&) = delete;

  // Calls `call`, which begins a request, once.
  void begin(const std::function<void()>& call) const {
    if (share_) {
      share_->begin(call);
    } else {
      call();
    }
  }
  // The call needs no answer any more.
  void end() {
    if (const auto share = std::exchange(share_, nullptr))
      share->need_no_answer();
  }

 private:
  std::shared_ptr<IoShare> share_;  // null: the connection's thread does the I/O
};

}  // namespace exclusive_lock::async_detail
