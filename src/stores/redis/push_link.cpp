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

// Somebody has to give the right first; until then a try costs server and client a connection.
constexpr Milliseconds pause_without_right = 60s;
constexpr Milliseconds pause_after_refusal = 1s;  // busy, loading

FrontOptions quiet_options(FrontOptions options) {
  options.log = nullptr;  // FrontLoop's words about the other connection say it all
  options.on_time = [](Instant, Instant, StoreTime, bool) {};
  return options;
}

}  // namespace

PushLink::PushLink(EventLoop& loop, const FrontOptions& options, const ClockSource& clock,
                   PushOptions pushes)
    : loop_(loop),
      clock_(clock),
      log_(options.log),
      name_(options.name),
      pushes_(std::move(pushes)),
      retry_(loop, [this] { front_.connect(); }),
      front_(loop, quiet_options(options), clock,
             {.on_up = [this] { subscribe(); },
              .on_trouble = [this](const StoreFailure& trouble, bool) { on_trouble(trouble); },
              .on_push = [this](const Reply& push) { on_push(push); }}) {}

void PushLink::open() {
  if (state_ == State::unopened) {
    state_ = State::open;
    front_.connect();
  }
}

void PushLink::shut_down() {
  state_ = State::closed;
  is_subscribed_ = false;
  retry_.cancel();
  front_.shut_down();
}

void PushLink::subscribe() {
  front_.take({{.commands =
                    [this](const CommandSink& sink) {
                      sink({"SUBSCRIBE", pushes_.channel});
                      sink({"TIME"});
                    },
                .deadline = clock_.now() + 1h,  // silence ends it before
                .done = [this](const Outcome& outcome) { on_answer(outcome); }}});
}

void PushLink::on_push(const Reply& push) {
  const PushNews news = read_push(push, pushes_.channel);
  if (const auto* grant = std::get_if<Grant>(&news)) {
    pushes_.on_grant(*grant);
  } else if (std::holds_alternative<Subscribed>(news) && !is_subscribed_.exchange(true)) {
    if (log_) {
      log_->debug("{}: subscribed to hand-overs", name_);
    }
    pushes_.on_subscribed();
  }
}

// To TIME, unless SUBSCRIBE was refused.
void PushLink::on_answer(const Outcome& outcome) {
  const auto* answer = std::get_if<Exchange>(&outcome);
  if (answer == nullptr || is_subscribed_) {
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
  front_.shut_down();
  const bool lacks_right = failure.code == errc::permission_denied;
  retry_.set(clock_.now() + (lacks_right ? pause_without_right : pause_after_refusal));
  if (log_ && !std::exchange(has_warned_, true)) {
    log_->warn(
        "{}: the server does not tell of hand-overs, so waiting looks for them now and then. "
        "Needed is the right to subscribe to the channels exclusive-lock:push:* "
        "(+subscribe &exclusive-lock:push:*). {}",
        name_, failure.message);
  }
}

void PushLink::on_trouble(const StoreFailure& trouble) {
  if (is_subscribed_.exchange(false) && log_) {
    log_->debug("{}: no longer told of hand-overs: {}", name_, trouble.message);
  }
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
