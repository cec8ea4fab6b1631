#include "stores/redis/redis_client.hpp"

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
constexpr Milliseconds max_wait_for_lookups{200};

}  // namespace

struct RedisClient::Impl {
  Impl(const ClientOptions& options, std::string push_channel, const ClockSource& source)
      : clock(source),
        timeout(options.command_timeout),
        may_look_up(has_name(options.address)),
        loop(options.address.unix_socket.empty() ? Lookups::of_hosts : Lookups::none),
        commands(loop, options, source,
                 {.on_up = [this](const Greeting& server) { on_up(server); },
                  .on_failure = [this](const StoreFailure& failure,
                                       bool refused) { on_failure(failure, refused); },
                  .on_push = [](const Reply&) {}}),
        channel(std::move(push_channel)),
        pushes(loop, options, source, channel,
               [this](auto done) { ask_for_listener(std::move(done)); }) {}

  void on_up(const Greeting& server) {
    pushes.follow(server.run_id);
    {
      const std::lock_guard guard(mutex);
      was_up = true;
    }
    changed.notify_all();
  }

  void on_failure(const StoreFailure& failure, bool refused) {
    pushes.follow_none();
    {
      const std::lock_guard guard(mutex);
      last_failure = failure;
      was_refused = was_refused || refused;
      has_failed = true;
    }
    changed.notify_all();
  }

  void ask_for_listener(std::function<void(std::optional<bool>)> done) {
    commands.take(make_operation(
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
    commands.take(arrived);
    arrived.clear();
  }

  const ClockSource& clock;
  const Milliseconds timeout;
  const bool may_look_up;

  // Callers and the loop's thread meet here. It guards what follows, up to the loop.
  std::mutex mutex;
  std::condition_variable changed;
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
  ReconnectingConnection commands;
  const std::string channel;
  SubscriberConnection pushes;
};

RedisClient::RedisClient(const ClientOptions& options, std::string channel,
                         const ClockSource& clock)
    : impl_(std::make_shared<Impl>(options, std::move(channel), clock)) {
  impl_->loop.post([impl = impl_.get()] { impl->commands.connect(); });
}

RedisClient::~RedisClient() { close(); }

std::optional<StoreFailure> RedisClient::wait_until_up(Instant deadline, bool tries_again) {
  std::unique_lock lock(impl_->mutex);
  const auto is_settled = [this, tries_again] {
    return impl_->was_up || impl_->was_refused || (impl_->has_failed && !tries_again);
  };
  while (!is_settled() && impl_->clock.now() < deadline) {
    impl_->changed.wait_for(lock, deadline - impl_->clock.now(), is_settled);
  }
  return impl_->was_up ? std::nullopt : std::optional(impl_->last_failure);
}

void RedisClient::submit(std::unique_ptr<Operation> operation) {
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

EventLoop& RedisClient::loop() noexcept { return impl_->loop; }

void RedisClient::listen(Store::WakeUpListener listener) {
  impl_->pushes.listen(std::move(listener));
}

void RedisClient::use_pushes() {
  const std::lock_guard guard(impl_->mutex);
  impl_->uses_pushes = true;
  if (!impl_->is_closed && !impl_->wants_pushes) {
    impl_->loop.post([impl = impl_.get()] { impl->pushes.open(); });
    impl_->wants_pushes = true;
  }
}

bool RedisClient::gets_pushes() const { return impl_->pushes.is_subscribed(); }

void RedisClient::distrust_server() { impl_->commands.distrust(); }

void RedisClient::leave_server() { impl_->commands.leave(); }

void RedisClient::close() {
  {
    const std::lock_guard guard(impl_->mutex);
    if (std::exchange(impl_->is_closed, true)) {
      return;
    }
  }
  const auto is_shut_down = std::make_shared<std::promise<void>>();
  impl_->loop.post([impl = impl_.get(), is_shut_down] {
    impl->commands.shut_down();
    impl->pushes.shut_down();
    impl->take_inbox();
    is_shut_down->set_value();
  });
  if (!impl_->may_look_up) {
    return impl_->loop.finish();
  }
  // From then on what the loop still does uses nothing of its callers.
  is_shut_down->get_future().wait();
  impl_->loop.finish_or_leave(max_wait_for_lookups, impl_);
}

}  // namespace exclusive_lock::redis
