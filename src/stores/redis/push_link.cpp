#include "stores/redis/push_link.hpp"

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

FrontOptions quiet_options(FrontOptions options) {
  options.asks_when_unused = false;
  options.login.script = {};  // runs none
  options.log = nullptr;      // FrontLoop's words about the other connection say it all
  options.on_time = [](Instant, Instant, StoreTime, bool) {};
  return options;
}

}  // namespace

PushLink::PushLink(EventLoop& loop, const FrontOptions& options, const ClockSource& clock,
                   PushOptions pushes, AskForListener ask_for_listener)
    : loop_(loop),
      clock_(clock),
      log_(options.log),
      name_(options.name),
      pushes_(std::move(pushes)),
      ask_for_listener_(std::move(ask_for_listener)),
      retry_(loop, [this] { front_.connect(); }),
      front_(loop, quiet_options(options), clock,
             {.on_up = [this](const Greeting& server) { on_up(server); },
              .on_failure = [this](const StoreFailure& failure, bool) { on_failure(failure); },
              .on_push = [this](const Reply& push) { on_push(push); }}) {}

void PushLink::open() {
  if (state_ == State::unopened) {
    state_ = State::open;
    front_.connect();
  }
}

void PushLink::shut_down() {
  state_ = State::closed;
  ++comparison_;
  is_subscribed_ = false;
  retry_.cancel();
  front_.shut_down();
}

void PushLink::on_up(const Greeting& server) {
  own_server_ = server.run_id;
  is_newer_ = true;
  front_.take(make_operation(
      [this](const CommandSink& sink) {
        sink({"SUBSCRIBE", pushes_.channel});
        sink({"TIME"});
      },
      clock_.now() + 1h,  // silence ends it before
      [this](const Outcome& outcome) { on_answer(outcome); }));
}

void PushLink::on_push(const Reply& push) {
  const PushEvent news = read_push(push, pushes_.channel);
  if (const auto* wake_up = std::get_if<WakeUp>(&news)) {
    pushes_.on_wake_up(*wake_up);
  } else if (std::holds_alternative<Subscribed>(news)) {
    is_confirmed_ = true;
    loop_.post([this] { compare_servers(); });  // not from inside the link
  }
}

void PushLink::follow(const std::string& run_id) {
  commands_server_ = run_id;
  is_newer_ = false;
  compare_servers();
}

void PushLink::follow_nobody() {
  ++comparison_;
  commands_server_.reset();
  is_subscribed_ = false;
}

void PushLink::compare_servers() {
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

void PushLink::settle(bool is_same) {
  if (!is_same) {
    is_subscribed_ = false;
    // The commands have just been led to another server, so this one can follow at once.
    return reopen_after(is_newer_ ? pause_elsewhere : Milliseconds{0});
  }
  if (!is_subscribed_.exchange(true)) {
    if (log_) {
      log_->debug("{}: subscribed to wake-ups", name_);
    }
    pushes_.on_subscribed();
  }
}

void PushLink::reopen_after(Milliseconds pause) {
  ++comparison_;
  is_confirmed_ = false;
  front_.shut_down();
  retry_.set(clock_.now() + pause);
}

// To TIME, unless SUBSCRIBE was refused.
void PushLink::on_answer(const Outcome& outcome) {
  const auto* answer = std::get_if<Exchange>(&outcome);
  if (answer == nullptr || is_confirmed_) {
    return;
  }
  const Reply& reply = answer->replies.front();
  // Not from inside the link.
  loop_.post([this, failure = reply.is_error()
                                  ? server_refused(reply.text)
                                  : senseless_answer("SUBSCRIBE")] { on_refusal(failure); });
}

void PushLink::on_refusal(const StoreFailure& failure) {
  if (state_ != State::open) {
    return;
  }
  reopen_after(pause_after_refusal(failure.code));
  if (log_ && !std::exchange(has_warned_, true)) {
    log_->warn(
        "{}: the server does not tell of hand-overs, so waiting looks for them now and then. "
        "Needed is the right to subscribe to the channels exclusive-lock:push:* "
        "(+subscribe &exclusive-lock:push:*). {}",
        name_, failure.message);
  }
}

void PushLink::on_failure(const StoreFailure& failure) {
  ++comparison_;
  is_confirmed_ = false;
  if (is_subscribed_.exchange(false) && log_) {
    log_->debug("{}: gets no wake-ups any more: {}", name_, failure.message);
  }
}

// Without the right somebody has to give it first, and until then a try costs server and client a
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
