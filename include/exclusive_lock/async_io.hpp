#pragma once
// How the I/O of async.hpp is done by the io_context whose coroutines wait for it, without a switch
// of threads. Not for users: it is part of async.hpp.

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

// What one io_context does of the I/O of one connection. Any thread.
class IoShare : public std::enable_shared_from_this<IoShare> {
 public:
  // Null: there is nothing to share, or no descriptor for it.
  static std::shared_ptr<IoShare> make(boost::asio::io_context& io, const ExclusiveLock& lock) {
    const ConnectionIo connection(lock);
    const int shown = connection.descriptor();
    const int copy = shown < 0 ? -1 : ::fcntl(shown, F_DUPFD_CLOEXEC, 0);
    if (copy < 0)
      return nullptr;
    auto share = std::make_shared<IoShare>(io, connection);
    boost::system::error_code error;
    share->news_->assign(copy, error);
    if (!error)
      return share;
    ::close(copy);
    return nullptr;
  }

  IoShare(boost::asio::io_context& io, ConnectionIo connection)
      : io_(io), connection_(std::move(connection)), news_(std::in_place, io) {}

  [[nodiscard]] bool is_of(const ExclusiveLock& lock) const { return connection_.is_of(lock); }
  [[nodiscard]] bool is_over() const { return connection_.descriptor() < 0; }

  // What `call` asks for is sent after the handlers that are ready now, together with what they
  // ask for; but not so many that the store would have nothing to do until then.
  void begin(const std::function<void()>& call) {
    connection_.hand_in(call);
    int unsent = 0;
    {
      const std::lock_guard guard(mutex_);
      unsent = ++unsent_;
    }
    if (unsent == most_together) {
      send();
    } else if (unsent == 1) {
      boost::asio::post(io_, [self = shared_from_this()] { self->send(); });
    }
  }

  // Between these two, news are watched for. The second one while the io_context is still busy with
  // the call.
  void expect_answer() {
    const std::lock_guard guard(mutex_);
    ++unanswered_;
  }
  void need_no_answer() {
    const std::lock_guard guard(mutex_);
    if (--unanswered_ == 0 && is_watching_ && news_)
      news_->cancel();
  }

  // The io_context ends.
  void end() {
    const std::lock_guard guard(mutex_);
    news_.reset();
  }

 private:
  // Enough that a request costs little beside its calls, few enough that the store works on the
  // first of many while the others are begun.
  static constexpr int most_together = 16;

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
    if (unanswered_ == 0 || !news_ || std::exchange(is_watching_, true))
      return;
    news_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [self = shared_from_this()](boost::system::error_code) { self->on_news(); });
  }

  // Also when a call came while the last watch was being ended.
  void on_news() {
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
  std::optional<boost::asio::posix::stream_descriptor> news_;
  int unanswered_ = 0;  // calls of this io_context
  int unsent_ = 0;
  bool is_watching_ = false;
};

// Those of an io_context, one per connection.
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

// The io_context behind an executor, also within strands and type erasure; null: another kind of
// context, or one of these that cannot be told.
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
    // The body of a with_lock() has one of these.
    const auto* const strand = executor.template target<boost::asio::strand<Executor>>();
    return strand == nullptr ? nullptr : io_context_of(strand->get_inner_executor());
  } else {
    return nullptr;
  }
}

// The part of one call. Where the thread that makes it does not run the io_context of its executor,
// nobody knows when that will run: then the connection's own thread does everything.
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

  // Calls `call`, which asks for the answer, once.
  void begin(const std::function<void()>& call) const {
    if (share_) {
      share_->begin(call);
    } else {
      call();
    }
  }
  // No answer is needed any more.
  void end() {
    if (const auto share = std::exchange(share_, nullptr))
      share->need_no_answer();
  }

 private:
  std::shared_ptr<IoShare> share_;  // null: it has none
};

}  // namespace exclusive_lock::async_detail
