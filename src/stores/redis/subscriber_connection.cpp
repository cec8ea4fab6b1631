#include "stores/redis/subscriber_connection.hpp"

#include <spdlog/logger.h>

#include <random>
#include <utility>

#include "exclusive_lock/error.hpp"
#include "stores/redis/push_message.hpp"
#include "stores/redis/redis_errors.hpp"

namespace exclusive_lock::redis {
namespace {

using namespace std::chrono_literals;

// Until the address leads both connections to one server. As often as waiters look for themselves.
constexpr Milliseconds pause_elsewhere = 200ms;

ClientOptions quiet_options(ClientOptions options) {
  options.asks_when_unused = false;
  options.login.script = {};  // runs none
  options.log = nullptr;      // what is logged about the other connection says it all
  options.on_time = [](Instant, Instant, StoreTime, bool) {};
  return options;
}

}  // namespace

SubscriberConnection::SubscriberConnection(EventLoop& loop, const ClientOptions& options,
                                           const ClockSource& clock, std::string channel,
                                           AskForListener ask_for_listener)
    : loop_(loop),
      clock_(clock),
      log_(options.log),
      name_(options.name),
      channel_(std::move(channel)),
      ask_for_listener_(std::move(ask_for_listener)),
      retry_(loop, [this] { connection_.connect(); }),
      connection_(loop, quiet_options(options), clock,
                  {.on_up = [this](const Greeting& server) { on_up(server); },
                   .on_failure = [this](const StoreFailure& failure, bool) { on_failure(failure); },
                   .on_push = [this](const Reply& push) { on_push(push); }}) {}

void SubscriberConnection::open() {
  if (state_ == State::unopened) {
    state_ = State::open;
    connection_.connect();
  }
}

void SubscriberConnection::shut_down() {
  state_ = State::closed;
  ++comparison_;
  is_subscribed_ = false;
  retry_.cancel();
  connection_.shut_down();
}

void SubscriberConnection::on_up(const Greeting& server) {
  own_server_ = server.run_id;
  is_newer_ = true;
  connection_.take(make_operation(
      [this](const CommandSink& sink) {
        sink({"SUBSCRIBE", channel_});
        sink({"TIME"});
      },
      clock_.now() + 1h,  // silence ends it before
      [this](const Outcome& outcome) { on_answer(outcome); }));
}

void SubscriberConnection::on_push(const Reply& push) {
  const PushMessage message = read_push(push, channel_);
  if (const auto* wake_up = std::get_if<WakeUp>(&message)) {
    if (listener_.wake_up) {
      listener_.wake_up(*wake_up);
    }
  } else if (std::holds_alternative<Subscribed>(message)) {
    is_confirmed_ = true;
    loop_.post([this] { compare_servers(); });  // not from inside the connection
  }
}

void SubscriberConnection::follow(const std::string& run_id) {
  commands_server_ = run_id;
  is_newer_ = false;
  compare_servers();
}

void SubscriberConnection::follow_none() {
  ++comparison_;
  commands_server_.reset();
  is_subscribed_ = false;
}

void SubscriberConnection::compare_servers() {
  ++comparison_;
  if (state_ != State::open || !is_confirmed_ || !commands_server_) {
    return;
  }
  if (!own_server_.empty() && !commands_server_->empty()) {
    return settle(own_server_ == *commands_server_);
  }
  ask_for_listener_([this, mine = comparison_](std::optional<bool> has_listener) {
    if (mine == comparison_) {
      settle(has_listener.value_or(is_newer_));
    }
  });
}

void SubscriberConnection::settle(bool is_same) {
  if (!is_same) {
    is_subscribed_ = false;
    // The commands have just been led to another server, so this one can follow at once.
    return reopen_after(is_newer_ ? pause_elsewhere : Milliseconds{0});
  }
  if (!is_subscribed_.exchange(true)) {
    if (log_) {
      log_->debug("{}: subscribed to wake-ups", name_);
    }
    if (listener_.pushes_resumed) {
      listener_.pushes_resumed();
    }
  }
}

void SubscriberConnection::reopen_after(Milliseconds pause) {
  ++comparison_;
  is_confirmed_ = false;
  connection_.shut_down();
  retry_.set(clock_.now() + pause);
}

// To TIME, unless SUBSCRIBE was refused.
void SubscriberConnection::on_answer(const Outcome& outcome) {
  const auto* answer = std::get_if<Exchange>(&outcome);
  if (answer == nullptr || is_confirmed_) {
    return;
  }
  const Reply& reply = answer->replies.front();
  // Not from inside the connection.
  loop_.post([this, failure = reply.is_error()
                                  ? server_refused(reply.text)
                                  : senseless_answer("SUBSCRIBE")] { on_refusal(failure); });
}

void SubscriberConnection::on_refusal(const StoreFailure& failure) {
  if (state_ != State::open) {
    return;
  }
  reopen_after(pause_after_refusal(failure.code));
  if (log_ && !std::exchange(has_warned_, true)) {
    log_->warn(
        "{}: the server does not notify waiters of hand-overs, so they look for them at intervals. "
        "Needed is the right to subscribe to the channels exclusive-lock:push:* "
        "(+subscribe &exclusive-lock:push:*). {}",
        name_, failure.message);
  }
}

void SubscriberConnection::on_failure(const StoreFailure& failure) {
  ++comparison_;
  is_confirmed_ = false;
  if (is_subscribed_.exchange(false) && log_) {
    log_->debug("{}: gets no wake-ups any more: {}", name_, failure.message);
  }
}

// A missing right has to be granted first, and until then a try costs server and client a
// connection. All else (busy, loading) passes soon.
Milliseconds pause_after_refusal(const std::error_code& reason) {
  return reason == errc::permission_denied ? 60s : 1s;
}

std::string new_push_channel() {
  constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::uniform_int_distribution<std::size_t> digit(0, digits.size() - 1);
  std::string channel = "exclusive-lock:push:";
  for (int i = 0; i < 32; ++i) {
    channel += digits[digit(random)];
  }
  return channel;
}

}  // namespace exclusive_lock::redis
