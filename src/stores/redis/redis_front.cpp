#include "stores/redis/redis_front.hpp"

#include <condition_variable>
#include <future>
#include <mutex>
#include <utility>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "stores/redis/event_loop.hpp"
#include "stores/redis/push_message.hpp"

namespace exclusive_lock::redis {
namespace {

// What else a loop has to end takes far less, on a busy machine too.
constexpr Milliseconds limit_with_lookups{200};

}  // namespace

struct RedisFront::Impl {
  Impl(const FrontOptions& options, PushOptions push_options, const ClockSource& source)
      : clock(source),
        timeout(options.command_timeout),
        may_look_up(has_name(options.address)),
        loop(options.address.unix_socket.empty() ? Lookups::of_hosts : Lookups::none),
        machine(loop, options, source,
                {.on_up = [this](const Greeting& server) { on_up(server); },
                 .on_failure = [this](const StoreFailure& failure,
                                      bool refused) { on_failure(failure, refused); },
                 .on_push = [](const Reply&) {}}),
        channel(push_options.channel),
        pushes(loop, options, source, std::move(push_options),
               [this](auto done) { ask_for_listener(std::move(done)); }) {}

  void on_up(const Greeting& server) {
    pushes.follow(server.run_id);
    {
      const std::lock_guard guard(mutex);
      was_up = true;
    }
    news.notify_all();
  }

  void on_failure(const StoreFailure& failure, bool refused) {
    pushes.follow_nobody();
    {
      const std::lock_guard guard(mutex);
      last_failure = failure;
      was_refused = was_refused || refused;
      has_failed = true;
    }
    news.notify_all();
  }

  void ask_for_listener(std::function<void(std::optional<bool>)> done) {
    machine.take(make_operation(
        [this](const CommandSink& sink) {
          sink({"PUBSUB", "NUMSUB", channel});
        },
        clock.now() + timeout,
        [done = std::move(done)](const Outcome& outcome) {
          const auto* answer = std::get_if<Exchange>(&outcome);
          done(answer == nullptr ? std::nullopt : has_listener(answer->replies.front()));
        }));
  }

  void take_inbox() {
    bool is_waiters = false;
    {
      const std::lock_guard guard(mutex);
      arrived.clear();
      arrived.swap(inbox);
      inbox_is_announced = false;
      is_waiters = std::exchange(uses_pushes, false);
    }
    if (is_waiters) {
      pushes.use();
    }
    machine.take(arrived);
    arrived.clear();
  }

  const ClockSource& clock;
  const Milliseconds timeout;
  const bool may_look_up;

  // Callers and the loop's thread meet here. It guards what follows, up to the loop.
  std::mutex mutex;
  std::condition_variable news;
  std::vector<std::unique_ptr<Operation>> inbox;
  bool inbox_is_announced = false;
  bool wants_pushes = false;
  bool uses_pushes = false;  // one that is in the inbox
  bool is_closed = false;
  bool was_up = false;
  bool was_refused = false;
  bool has_failed = false;
  StoreFailure last_failure{.code = errc::store_unavailable,
                            .message = "cannot connect: the server did not answer in time",
                            .may_have_run = false};

  std::vector<std::unique_ptr<Operation>> arrived;  // of the loop's thread, for its memory
  EventLoop loop;
  FrontLoop machine;
  const std::string channel;
  PushLink pushes;
};

RedisFront::RedisFront(const FrontOptions& options, PushOptions pushes, const ClockSource& clock)
    : impl_(std::make_shared<Impl>(options, std::move(pushes), clock)) {
  impl_->loop.post([impl = impl_.get()] { impl->machine.connect(); });
}

RedisFront::~RedisFront() { close(); }

std::optional<StoreFailure> RedisFront::wait_until_up(Instant deadline, bool tries_again) {
  std::unique_lock lock(impl_->mutex);
  const auto is_settled = [this, tries_again] {
    return impl_->was_up || impl_->was_refused || (impl_->has_failed && !tries_again);
  };
  while (!is_settled() && impl_->clock.now() < deadline) {
    impl_->news.wait_for(lock, deadline - impl_->clock.now(), is_settled);
  }
  return impl_->was_up ? std::nullopt : std::optional(impl_->last_failure);
}

void RedisFront::submit(std::unique_ptr<Operation> operation) {
  std::unique_lock lock(impl_->mutex);
  if (impl_->is_closed) {
    lock.unlock();
    Operation& refused = *operation;
    return refused.done(std::move(operation), closed_failure(false));
  }
  impl_->inbox.push_back(std::move(operation));
  if (impl_->inbox_is_announced) {
    return;
  }
  try {  // under the mutex: the loop must not end between the two
    impl_->loop.post([impl = impl_.get()] { impl->take_inbox(); });
  } catch (...) {  // no memory: the caller learns it
    impl_->inbox.pop_back();
    throw;
  }
  impl_->inbox_is_announced = true;
}

EventLoop& RedisFront::loop() noexcept { return impl_->loop; }

void RedisFront::use_pushes() {
  const std::lock_guard guard(impl_->mutex);
  impl_->uses_pushes = true;
  if (!impl_->is_closed && !impl_->wants_pushes) {
    impl_->loop.post([impl = impl_.get()] { impl->pushes.open(); });
    impl_->wants_pushes = true;
  }
}

bool RedisFront::gets_pushes() const { return impl_->pushes.is_subscribed(); }

void RedisFront::distrust_link() { impl_->machine.distrust(); }

void RedisFront::leave_link() { impl_->machine.leave(); }

void RedisFront::close() {
  {
    const std::lock_guard guard(impl_->mutex);
    if (std::exchange(impl_->is_closed, true)) {
      return;
    }
  }
  const auto is_shut_down = std::make_shared<std::promise<void>>();
  impl_->loop.post([impl = impl_.get(), is_shut_down] {
    impl->machine.shut_down();
    impl->pushes.shut_down();
    impl->take_inbox();
    is_shut_down->set_value();
  });
  if (!impl_->may_look_up) {
    return impl_->loop.finish();
  }
  // From then on nothing that the loop still does is anybody's but its own.
  is_shut_down->get_future().wait();
  impl_->loop.finish_or_leave(limit_with_lookups, impl_);
}

}  // namespace exclusive_lock::redis
