#include "stores/redis/reconnecting_connection.hpp"

#include <spdlog/logger.h>

#include <algorithm>
#include <utility>

#include "core/pace.hpp"
#include "exclusive_lock/error.hpp"
#include "stores/redis/redis_errors.hpp"

namespace exclusive_lock::redis {
namespace {

using namespace std::chrono_literals;

// A server that restarts is back within tens of milliseconds; one that stays away is not worth
// more than a try every two seconds or so.
constexpr Milliseconds min_reconnect_pause = 10ms;
constexpr Milliseconds max_reconnect_pause = 2s;
// After a refusal something has to be changed first.
constexpr Milliseconds min_refused_pause = 200ms;
// Below it, a busy machine's scheduling would pass for a dead server.
constexpr Milliseconds min_silence_limit = 200ms;
// A lost SYN is sent again after a second (RFC 6298); a try must not end before that helps. Unless
// connect_timeout is shorter: the try ends a little before it, so that the reason is known.
constexpr Milliseconds min_try_limit = 1500ms;

StoreFailure unavailable(std::string message) {
  return {.code = errc::store_unavailable, .message = std::move(message), .may_have_run = false};
}

}  // namespace

ReconnectingConnection::ReconnectingConnection(EventLoop& loop, ClientOptions options,
                                               const ClockSource& clock, Events events)
    : loop_(loop),
      options_(std::move(options)),
      clock_(clock),
      events_(std::move(events)),
      silence_limit_(std::max(options_.command_timeout, min_silence_limit)),
      try_limit_(std::min(options_.connect_timeout * 9 / 10,
                          std::max(options_.command_timeout, min_try_limit))),
      timer_(loop, [this] { on_alarm(); }),
      failure_(unavailable("not connected yet")) {}

// --- connecting ---

void ReconnectingConnection::connect() {
  state_ = State::connecting;
  started_at_ = clock_.now();
  greeting_.clear();
  is_leaving_ = false;
  const std::uint64_t mine = ++epoch_;
  const auto on_reply = [this, mine](Reply reply) {
    if (mine == epoch_) {
      this->on_reply(std::move(reply));
    }
  };
  const auto on_end = [this, mine](const ConnectionEnd& end) {
    if (mine == epoch_) {
      this->on_end(end);
    }
  };
  const auto on_push = [this, mine](const Reply& push) {
    if (mine == epoch_) {
      heard_at_ = clock_.now();
      events_.on_push(push);
    }
  };
  connection_ = open_connection(loop_, options_.address,
                                {.on_reply = on_reply, .on_push = on_push, .on_end = on_end});
  connection_->send([this](const CommandSink& sink) { send_handshake(options_.login, sink); });
  set_alarm();
}

void ReconnectingConnection::on_reply(Reply reply) {
  if (state_ == State::connecting) {
    greeting_.push_back(std::move(reply));
    if (greeting_.size() == handshake_replies(options_.login)) {
      soon([this] { on_greeting_complete(); });  // not from inside the connection
    }
    return;
  }
  const Instant now = clock_.now();
  quiet_since_ = now;
  heard_at_ = now;
  failures_ = 0;  // not before: a server that greets and hangs up is not asked without a pause
  if (!queue_.on_reply(std::move(reply), now)) {
    distrust();
  }
  if (is_leaving_) {
    soon([this] { leave_if_idle(); });
  }
}

void ReconnectingConnection::on_greeting_complete() {
  const auto verdict = judge_handshake(options_.login, greeting_);
  if (state_ != State::connecting || !verdict) {
    return;
  }
  if (const auto* refusal = std::get_if<StoreFailure>(&*verdict)) {
    return give_up_connection(seen_before(*refusal), true);
  }
  on_greeted(std::get<Greeting>(*verdict));
}

void ReconnectingConnection::on_greeted(const Greeting& server) {
  const Instant now = clock_.now();
  state_ = State::up;
  was_up_ = true;
  is_refusal_ = false;
  quiet_since_ = now;
  heard_at_ = now;
  connection_->tune(2 * silence_limit_);
  if (server.time) {
    options_.on_time(started_at_, now, *server.time, true);
  }
  log_greeting(server);
  events_.on_up(server);
  flush();
  set_alarm();
}

void ReconnectingConnection::on_end(const ConnectionEnd& end) {
  const bool was_connecting = state_ == State::connecting;
  const auto judged = was_connecting ? judge_handshake(options_.login, greeting_) : std::nullopt;
  if (judged && std::holds_alternative<StoreFailure>(*judged)) {
    return rest(seen_before(std::get<StoreFailure>(*judged)), true);
  }
  StoreFailure failure =
      unavailable((was_connecting ? "cannot connect: " : "the connection was lost: ") + end.reason);
  if (was_connecting && end.speaks_another_protocol) {
    return rest(no_redis_server(), true);
  }
  if (was_connecting && end.was_hung_up) {
    failure.message += ". If it goes on, " + std::string(hung_up_at_hello);
    failure.message +=
        options_.address.tls ? "" : "; or it is a TLS port: the URL must then begin with rediss:";
  }
  if (end.is_refusal) {
    failure.code = errc::unsuitable_store;
  }
  rest(failure, end.is_refusal);
}

// A replica where a master was is a failover, which passes; at first contact it is a wrong address.
StoreFailure ReconnectingConnection::seen_before(StoreFailure refusal) const {
  if (refusal.code == errc::store_read_only || refusal.code == errc::store_failed_over) {
    refusal.code = was_up_ ? errc::store_failed_over : errc::store_read_only;
  }
  return refusal;
}

// Without waiting for its last words.
void ReconnectingConnection::give_up_connection(const StoreFailure& failure, bool refused) {
  connection_->drop(failure.message);
  rest(failure, refused);
}

// The connection is gone.
void ReconnectingConnection::rest(const StoreFailure& failure, bool refused) {
  ++epoch_;
  connection_.reset();
  const bool was_working = std::exchange(state_, State::resting) == State::up;
  failure_ = failure;
  is_refusal_ = refused;
  ++failures_;
  const Milliseconds shortest = refused ? min_refused_pause : min_reconnect_pause;
  const double unit = std::uniform_real_distribution<>(0, 1)(random_);
  retry_at_ = clock_.now() + backoff_pause(failures_, shortest, max_reconnect_pause, unit);
  log_failure(was_working);
  events_.on_failure(failure, refused);
  queue_.fail_sent(
      {.code = errc::outcome_unknown,
       .message =
           failure.message + ". The request had been sent, so it may have been carried out or not",
       .may_have_run = true});
  if (refused) {
    queue_.fail_waiting(failure);
  }
  set_alarm();
}

// --- operations ---

void ReconnectingConnection::take(std::span<std::unique_ptr<Operation>> arrived) {
  for (auto& operation : arrived) {
    if (state_ == State::closed || (state_ == State::resting && is_refusal_)) {
      Operation& refused = *operation;
      refused.done(std::move(operation),
                   state_ == State::closed ? closed_failure(false) : failure_);
    } else {
      queue_.add(std::move(operation));
    }
  }
  flush();
  set_alarm();
}

void ReconnectingConnection::use() {
  is_used_ = true;
  if (state_ == State::up) {
    set_alarm();
  }
}

void ReconnectingConnection::flush() {
  if (state_ != State::up || is_leaving_) {
    return;
  }
  const Instant now = clock_.now();
  expire(now);
  if (queue_.has_waiting()) {
    connection_->send([this, now](const CommandSink& sink) { queue_.take_waiting(now, sink); });
  }
}

void ReconnectingConnection::expire(Instant now) {
  if (queue_.may_expire(now)) {
    queue_.expire(now, not_sent());
  }
}

StoreFailure ReconnectingConnection::not_sent() const {
  if (state_ == State::up && !is_leaving_) {
    StoreFailure late = unavailable("nothing was sent: the time for it was over already");
    late.is_time_over = true;
    return late;
  }
  StoreFailure failure = failure_;
  failure.message = "nothing was sent in time: " + failure.message;
  return failure;
}

void ReconnectingConnection::distrust() {
  soon([this] {
    if (state_ == State::up) {
      give_up_connection(
          unavailable("the connection was given up: what the server answers does not fit "
                      "what it was asked"),
          false);
    }
  });
}

void ReconnectingConnection::leave() {
  is_leaving_ = true;
  soon([this] { leave_if_idle(); });
}

void ReconnectingConnection::leave_if_idle() {
  if (state_ == State::up && is_leaving_ && !queue_.unanswered_since()) {
    give_up_connection({.code = errc::store_failed_over,
                        .message = "the connection was given up: the server has become a replica",
                        .may_have_run = false},
                       false);
  }
}

void ReconnectingConnection::shut_down() {
  state_ = State::closed;
  timer_.cancel();
  alarm_.reset();
  ++epoch_;
  if (connection_) {
    connection_->drop("closed");
    connection_.reset();
  }
  queue_.fail_sent(closed_failure(true));
  queue_.fail_waiting(closed_failure(false));
}

// --- time ---

void ReconnectingConnection::on_alarm() {
  alarm_.reset();
  const Instant now = clock_.now();
  expire(now);
  if (state_ == State::up) {
    look_after_connection(now);
  } else if (state_ == State::connecting && now >= started_at_ + try_limit_) {
    give_up_connection(
        unavailable(
            "cannot connect: the server did not answer within " +
            std::to_string(try_limit_.count()) + " ms" +
            (has_name(options_.address) ? ", or its name was not resolved in that time" : "") +
            (options_.address.tls ? ". Is it a TLS port? One without needs redis:" : "")),
        false);
  } else if (state_ == State::resting && now >= retry_at_) {
    connect();
  }
  set_alarm();
}

void ReconnectingConnection::look_after_connection(Instant now) {
  const auto since = silent_since();
  if (since && now >= *since + silence_limit_) {
    give_up_connection(unavailable("the connection was given up: the server was silent for " +
                                   std::to_string(silence_limit_.count()) + " ms"),
                       false);
  } else if (!since && now >= sign_of_life_due()) {
    ask_for_time(now);
  }
}

// Replies come in order: one that comes is a sign of life, however long the last of a burst waits.
std::optional<Instant> ReconnectingConnection::silent_since() const {
  const auto unanswered_since = queue_.unanswered_since();
  return unanswered_since ? std::optional(std::max(*unanswered_since, quiet_since_)) : std::nullopt;
}

Instant ReconnectingConnection::sign_of_life_due() const {
  return options_.asks_when_unused || is_used_ ? heard_at_ + silence_limit_ / 2 : Instant::max();
}

void ReconnectingConnection::ask_for_time(Instant now) {
  is_used_ = false;
  const auto on_outcome = [this](const Outcome& outcome) {
    const auto* answer = std::get_if<Exchange>(&outcome);
    const auto time = answer == nullptr ? std::nullopt : time_in(answer->replies.front());
    if (time) {
      options_.on_time(answer->requested_at, answer->replied_at, *time, false);
    }
  };
  queue_.add(make_operation([](const CommandSink& sink) { sink({"TIME"}); },
                            now + 2 * silence_limit_, on_outcome));
  flush();
}

Instant ReconnectingConnection::next_event() const {
  switch (state_) {
    case State::connecting:
      return started_at_ + try_limit_;
    case State::up: {
      const auto since = silent_since();
      return since ? *since + silence_limit_ : sign_of_life_due();
    }
    case State::resting:
      return retry_at_;
    case State::closed:
      break;
  }
  return Instant::max();
}

// An alarm that comes too early does no harm, and setting one for every request would cost more.
void ReconnectingConnection::set_alarm() {
  const Instant next = std::min(next_event(), queue_.earliest_deadline());
  if (state_ != State::closed && (!alarm_ || next < *alarm_)) {
    alarm_ = next;
    timer_.set(next);
  }
}

void ReconnectingConnection::soon(std::function<void()> task) {
  loop_.post([this, mine = epoch_, task = std::move(task)] {
    if (mine == epoch_) {
      task();
    }
  });
}

// --- the log ---

void ReconnectingConnection::log_greeting(const Greeting& server) const {
  if (!options_.log) {
    return;
  }
  options_.log->info("{}: connected to {}", options_.name, server.server);
  for (const std::string& warning : server.warnings) {
    options_.log->warn("{}: {}", options_.name, warning);
  }
}

// The first failure in a row is worth a warning; a server that stays away is not worth one per try,
// and what happens before the first contact is the result of connect().
void ReconnectingConnection::log_failure(bool was_working) const {
  if (options_.log) {
    const bool is_first = was_working || (was_up_ && failures_ == 1);
    options_.log->log(is_first ? spdlog::level::warn : spdlog::level::debug, "{}: {}",
                      options_.name, failure_.message);
  }
}

StoreFailure closed_failure(bool may_have_run) {
  return {.code = errc::connection_closed,
          .message =
              may_have_run
                  ? "the connection was closed before the server answered, so the request may have "
                    "been carried out or not"
                  : "the connection was closed; nothing was sent. Make a new one with connect()",
          .may_have_run = may_have_run};
}

}  // namespace exclusive_lock::redis
