#include "stores/redis/redis_link.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/redis/config.hpp>
#include <boost/redis/connection.hpp>
#include <boost/redis/error.hpp>
#include <boost/redis/request.hpp>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "exclusive_lock/printable.hpp"
#include "stores/redis/event_loop_impl.hpp"
#include "stores/redis/redis_tls.hpp"
#include "stores/redis/reply_adapter.hpp"
#include "stores/redis/socket_tuning.hpp"

namespace exclusive_lock::redis {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
// The concrete executor: type erasure costs 5 to 20 % of a small request.
using Connection = boost::redis::basic_connection<asio::io_context::executor_type>;

// A request lives until Boost.Redis has all its replies or has lost the connection.
struct Request {
  boost::redis::request words;
  ReplyBuilder builder;
};

// A refresh of a hundred keys would be copied again and again while its bytes grow.
constexpr std::size_t long_command = 16;  // words
constexpr std::size_t most_framing = 16;  // "$<size>\r\n" and "\r\n"

std::size_t wire_size(const Command& command) {
  std::size_t size = most_framing;
  for (const std::string_view word : command) {
    size += word.size() + most_framing;
  }
  return size;
}

void add_command(boost::redis::request& to, const Command& command) {
  if (command.size() >= long_command) {
    to.reserve(to.payload().size() + wire_size(command));
  }
  if (command.size() == 1) {
    to.push(command.front());  // push_range() leaves out a command without arguments
  } else {
    to.push_range(command.front(), command.begin() + 1, command.end());
  }
}

boost::redis::config connection_config(const LinkAddress& address,
                                       std::chrono::milliseconds step_limit) {
  boost::redis::config config;
  config.addr = {address.host, std::to_string(address.port)};
  config.use_ssl = address.tls;
  config.unix_socket = address.unix_socket.string();
  config.resolve_timeout = step_limit;
  config.connect_timeout = step_limit;
  config.ssl_handshake_timeout = step_limit;
  config.reconnect_wait_interval = std::chrono::seconds(0);
  config.health_check_interval = std::chrono::seconds(0);
  config.use_setup = true;  // an empty one: no HELLO
  config.setup.clear();
  config.max_read_size = most_reply_bytes;
  return config;
}

class BoostRedisLink final : public RedisLink, public std::enable_shared_from_this<BoostRedisLink> {
 public:
  BoostRedisLink(EventLoop& loop, const LinkAddress& address, asio::ssl::context tls,
                 std::shared_ptr<TlsReport> report, LinkEvents events)
      : address_(address),
        loop_(loop.impl()),
        report_(std::move(report)),
        events_(std::move(events)),
        connection_(loop.impl().io.get_executor(), std::move(tls),
                    boost::redis::logger(boost::redis::logger::level::disabled, [](auto...) {})),
        push_adapter_(reply_adapter(std::make_shared<ReplyBuilder>(push_limits), events_.on_push)) {
    connection_.set_receive_response(push_adapter_);
  }

  void start(std::chrono::milliseconds step_limit) {
    if (!address_.unix_socket.empty()) {
      sockets_before_ = sockets_of_peer(address_.unix_socket);
    }
    connection_.async_run(connection_config(address_, step_limit),
                          [self = shared_from_this()](error_code error) { self->finish(error); });
    drain_pushes();
    begin_staying();
  }

  void send(const std::function<void(const CommandSink&)>& commands) override {
    auto request = std::make_shared<Request>();
    commands([&request](const Command& command) { add_command(request->words, command); });
    if (request->words.payload().empty()) {
      return;
    }
    // Boost.Redis refers to the connection until the request is done.
    connection_.async_exec(request->words,
                           reply_adapter({request, &request->builder}, events_.on_reply),
                           [request, self = shared_from_this()](error_code, std::size_t) {});
  }

  void tune(std::chrono::milliseconds peer_timeout) override {
    end_staying();
    if (!address_.unix_socket.empty()) {
      for (const int socket : sockets_of_peer(address_.unix_socket)) {
        if (sockets_before_.count(socket) == 0) {
          own(socket);
        }
      }
    } else if (const auto socket = tcp_socket(connection_)) {
      own(*socket);
      notice_dead_peer(*socket, peer_timeout);
      send_at_once(*socket);
    }
  }

  void drop(std::string reason) override {
    if (drop_reason_.empty()) {
      drop_reason_ = std::move(reason);
      forget_sockets();
      begin_staying();
      connection_.cancel(boost::redis::operation::run);
    }
  }

 private:
  // Deprecated in Boost.Redis, without a replacement yet: there is no other way to the socket.
  // Where it is gone the socket is left as it is.
  template <class AnyConnection>
  static std::optional<int> tcp_socket(AnyConnection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    if constexpr (requires { connection.next_layer().next_layer().native_handle(); }) {
      return connection.next_layer().next_layer().native_handle();
    }
#pragma GCC diagnostic pop
    return std::nullopt;
  }

  // While it is made and while it ends: nobody can be told of a lookup's end, or of a time limit of
  // Boost.Redis' own.
  void begin_staying() {
    if (!std::exchange(stays_, true)) {
      loop_.turns.begin_staying();
    }
  }
  void end_staying() {
    if (std::exchange(stays_, false)) {
      loop_.turns.end_staying();
    }
  }

  void own(int socket) {
    close_on_exec(socket);
    loop_.add(socket);
    sockets_.push_back(socket);
  }
  // Before it is closed: a forked child may keep it open, and it would be told of for ever.
  void forget_sockets() {
    for (const int socket : sockets_) {
      loop_.remove(socket);
    }
    sockets_.clear();
  }

  // They have been heard when they were read. But the channel that counts them must not fill: 256
  // of them would stop the reader.
  void drain_pushes() {
    connection_.async_receive2([self = shared_from_this()](error_code error) {
      if (!error) {
        self->drain_pushes();
      }
    });
  }

  // Requests that were never sent would wait for ever.
  void finish(error_code error) {
    forget_sockets();
    end_staying();
    connection_.cancel();
    const auto on_end = std::exchange(events_.on_end, nullptr);
    events_.on_reply = [](const Reply&) {};
    events_.on_push = [](const Reply&) {};
    on_end(end_of(error));
  }

  LinkEnd end_of(error_code error) const {
    if (!report_->refusal.empty()) {
      return {.reason = report_->refusal, .is_refusal = true};
    }
    if (!drop_reason_.empty()) {
      return {.reason = drop_reason_};
    }
    if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
      return {.reason = "the server closed the connection", .was_hung_up = true};
    }
    if (error == asio::error::connection_reset || error == asio::error::broken_pipe) {
      return {.reason = "the server reset the connection", .was_hung_up = true};
    }
    if (error.category() == asio::error::get_ssl_category()) {
      return {.reason = handshake_failure_text(error), .is_refusal = true};
    }
    if (error == boost::redis::error::incompatible_size ||
        error == boost::redis::error::exceeds_maximum_read_buffer_size) {
      return {.reason = "the server sent more than an answer can have"};
    }
    const bool is_no_resp = error == boost::redis::error::invalid_data_type ||
                            error == boost::redis::error::not_a_number ||
                            error == boost::redis::error::empty_field;
    return {.reason = printable(error.message()), .speaks_another_protocol = is_no_resp};
  }

  const LinkAddress address_;
  EventLoop::Impl& loop_;
  const std::shared_ptr<TlsReport> report_;
  LinkEvents events_;
  std::string drop_reason_;
  std::set<int> sockets_before_;
  std::vector<int> sockets_;
  bool stays_ = false;
  Connection connection_;
  boost::redis::any_adapter push_adapter_;
};

class NoLink final : public RedisLink {
 public:
  void send(const std::function<void(const CommandSink&)>&) override {}
  void tune(std::chrono::milliseconds) override {}
  void drop(std::string) override {}
};

asio::ssl::context tls_context(const LinkAddress& address,
                               const std::shared_ptr<TlsReport>& report) {
  return address.tls ? make_tls_context({.host = address.host, .ca_file = address.ca_file}, report)
                     : asio::ssl::context(asio::ssl::context::tls_client);
}

}  // namespace

std::shared_ptr<RedisLink> open_link(EventLoop& loop, const LinkAddress& address,
                                     std::chrono::milliseconds step_limit, LinkEvents events) {
  const auto report = std::make_shared<TlsReport>();
  std::shared_ptr<BoostRedisLink> link;
  try {
    link = std::make_shared<BoostRedisLink>(loop, address, tls_context(address, report), report,
                                            std::move(events));
  } catch (const std::runtime_error& error) {  // the CA file was there when the store was opened
    loop.post([on_end = std::move(events.on_end), reason = std::string(error.what())] {
      on_end({.reason = reason, .is_refusal = true});
    });
    return std::make_shared<NoLink>();
  }
  link->start(step_limit);
  return link;
}

bool has_name(const LinkAddress& address) {
  error_code not_numeric;
  asio::ip::make_address(address.host, not_numeric);
  return address.unix_socket.empty() && not_numeric.failed();
}

std::optional<std::string> unusable_ca_file(const LinkAddress& address) {
  if (!address.tls) {
    return std::nullopt;
  }
  try {
    tls_context(address, std::make_shared<TlsReport>());
    return std::nullopt;
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace exclusive_lock::redis
