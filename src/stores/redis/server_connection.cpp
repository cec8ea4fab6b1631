#include "stores/redis/server_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/redis/error.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "exclusive_lock/printable.hpp"
#include "stores/redis/event_loop_impl.hpp"
#include "stores/redis/redis_tls.hpp"
#include "stores/redis/resp_reader.hpp"
#include "stores/redis/resp_writer.hpp"
#include "stores/redis/socket_tuning.hpp"

namespace exclusive_lock::redis {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
// After a failed write: a peer may go on sending without end.
constexpr int max_last_reads = 64;

asio::ssl::context tls_context(const ServerAddress& address,
                               const std::shared_ptr<TlsReport>& report) {
  return make_tls_context({.host = address.host, .ca_file = address.ca_file}, report);
}

// Why a connection ended, as its socket or its parser say.
ConnectionEnd end_by(const boost::system::error_code& error) {
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

// One socket: plain ones are written at once and read when they are readable, on whatever thread
// runs the loop (event_loop_impl.hpp); TLS is Asio's.
class SocketConnection final : public ServerConnection,
                               public SocketReader,
                               public std::enable_shared_from_this<SocketConnection> {
  using Socket =
      asio::basic_stream_socket<asio::generic::stream_protocol, asio::io_context::executor_type>;
  using Endpoint = asio::generic::stream_protocol::endpoint;

  // What Asio calls; nothing happens once the connection is about to end, and an error ends it.
  template <class Next>
  auto if_it_lasts(Next next) {
    return [self = shared_from_this(), next = std::move(next)](error_code error,
                                                               auto&&... result) -> void {
      if (self->is_ending()) {
        return;
      }
      if (error) {
        return self->finish(error);
      }
      next(std::forward<decltype(result)>(result)...);
    };
  }

 public:
  // Throws std::runtime_error where the CA file cannot be used.
  SocketConnection(EventLoop& loop, const ServerAddress& address, ConnectionEvents events)
      : address_(address),
        loop_(loop.impl()),
        events_(std::move(events)),
        reader_(events_.on_reply, events_.on_push),
        resolver_(loop_.io.get_executor()),
        socket_(loop_.io.get_executor()) {
    if (address_.tls) {
      tls_context_.emplace(tls_context(address_, report_));
      tls_.emplace(socket_, *tls_context_);
    }
  }

  void start() {
    loop_.asio_users += tls_ ? 1 : 0;
    begin_keep_alive();
    if (!address_.unix_socket.empty()) {
      return connect({asio::local::stream_protocol::endpoint(address_.unix_socket.string())});
    }
    resolver_.async_resolve(address_.host, std::to_string(address_.port),
                            if_it_lasts([this](const asio::ip::tcp::resolver::results_type& found) {
                              std::vector<Endpoint> endpoints;
                              for (const auto& each : found) {
                                endpoints.emplace_back(each.endpoint());
                              }
                              connect(std::move(endpoints));
                            }));
  }

  void send(const std::function<void(const CommandSink&)>& commands) override {
    commands([this](const Command& command) {
      append_command(unsent_, command);
      const bool is_answered = has_reply(command);
      reader_.expect(is_answered ? 1 : 0);
      hears_pushes_ = hears_pushes_ || !is_answered;
    });
    write();
  }

  void tune(std::chrono::milliseconds peer_timeout) override {
    if (is_ending()) {
      return;
    }
    const int socket = socket_.native_handle();
    if (address_.unix_socket.empty()) {
      notice_dead_peer(socket, peer_timeout);
      send_at_once(socket);
    }
    if (!loop_.add(socket, tls_ ? nullptr : this)) {
      return drop("the system refused to watch the connection: " +
                  std::generic_category().message(errno));
    }
    is_tuned_ = true;
    if (!is_writing_) {
      end_keep_alive();
    }
  }

  void drop(std::string reason) override {
    if (!is_ending()) {
      drop_reason_ = std::move(reason);
      close();
      loop_.ownership.post(
          [self = shared_from_this()] { self->finish(asio::error::operation_aborted); });
    }
  }

  void read_ready() override { read_some(); }
  bool expects_data() const override { return hears_pushes_ || reader_.missing() > 0; }

 private:
  void connect(std::vector<Endpoint> endpoints) {
    // The operation refers to them until it is over.
    const auto kept = std::make_shared<const std::vector<Endpoint>>(std::move(endpoints));
    asio::async_connect(socket_, *kept, if_it_lasts([this, kept](auto&&) { on_connected(); }));
  }

  void on_connected() {
    close_on_exec(socket_.native_handle());
    if (tls_) {
      return tls_->async_handshake(asio::ssl::stream_base::client,
                                   if_it_lasts([this] { on_ready(); }));
    }
    socket_.non_blocking(true);
    on_ready();
  }

  void on_ready() {
    is_ready_ = true;
    write();
    tls_ ? read_tls() : await_readable();
  }

  // --- reading ---

  // For an owner that runs Asio; it stays while others wait with poll(2).
  void await_readable() {
    socket_.async_wait(Socket::wait_read, if_it_lasts([this] {
                         read_ready();
                         if (!is_ending()) {
                           await_readable();
                         }
                       }));
  }

  // False: there was nothing, or the connection has ended.
  bool read_some() {
    const auto self = shared_from_this();
    const auto room = reader_.room();
    if (room.empty()) {
      finish(boost::redis::error::exceeds_maximum_read_buffer_size);
      return false;
    }
    error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(room.data(), room.size()), error);
    if (error != asio::error::would_block) {
      take(error, size);
    }
    return !error && !is_ending();
  }

  void read_tls() {
    const auto room = reader_.room();
    if (room.empty()) {
      return finish(boost::redis::error::exceeds_maximum_read_buffer_size);
    }
    tls_->async_read_some(asio::buffer(room.data(), room.size()),
                          if_it_lasts([this](std::size_t size) {
                            take({}, size);
                            if (!is_ending()) {
                              read_tls();
                            }
                          }));
  }

  void take(error_code error, std::size_t size) {
    if (!error) {
      error = reader_.take(size);
    }
    if (error && !is_ending()) {
      finish(error);
    }
  }

  // --- writing ---

  void write() {
    if (!is_ready_ || is_writing_ || is_ending() || unsent_.empty()) {
      return;
    }
    tls_ ? write_tls() : write_plain();
  }

  void write_plain() {
    error_code error;
    const std::size_t size = socket_.write_some(asio::buffer(unsent_), error);
    unsent_.erase(0, size);
    if (error == asio::error::would_block || (!error && !unsent_.empty())) {
      await_writable();
    } else if (error) {
      // Not from inside send(); and what the server said before is the better reason.
      loop_.ownership.post([self = shared_from_this(), error] {
        for (int i = 0; i < max_last_reads && !self->is_ending() && self->read_some(); ++i) {
        }
        self->finish(error);
      });
    }
  }

  void write_tls() {
    begin_writing();
    written_.swap(unsent_);
    unsent_.clear();
    asio::async_write(*tls_, asio::buffer(written_),
                      if_it_lasts([this](std::size_t) { end_writing(); }));
  }

  void await_writable() {
    begin_writing();
    socket_.async_wait(Socket::wait_write, if_it_lasts([this] { end_writing(); }));
  }

  // That there is room again cannot be watched (loop_ownership.hpp).
  void begin_writing() {
    is_writing_ = true;
    begin_keep_alive();
  }
  void end_writing() {
    is_writing_ = false;
    if (is_tuned_) {
      end_keep_alive();
    }
    write();
  }

  // --- the end ---

  [[nodiscard]] bool is_ending() const { return is_over_ || !drop_reason_.empty(); }

  void close() {
    if (socket_.is_open()) {
      loop_.remove(socket_.native_handle());
    }
    resolver_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

  void finish(error_code error) {
    const auto self = shared_from_this();
    if (std::exchange(is_over_, true)) {
      return;
    }
    close();
    loop_.asio_users -= tls_ ? 1 : 0;
    end_keep_alive();
    const auto on_end = std::exchange(events_.on_end, nullptr);
    events_.on_reply = [](const Reply&) {};
    events_.on_push = [](const Reply&) {};
    on_end(end_of(error));
  }

  // While it is made, and while the other side takes nothing: neither the end of a lookup nor room
  // in the socket can be watched. All that needs Asio, as TLS always does.
  void begin_keep_alive() {
    if (!std::exchange(is_kept_alive_, true)) {
      ++loop_.asio_users;
      loop_.ownership.begin_keep_alive();
    }
  }
  void end_keep_alive() {
    if (std::exchange(is_kept_alive_, false)) {
      --loop_.asio_users;
      loop_.ownership.end_keep_alive();
    }
  }

  ConnectionEnd end_of(error_code error) const {
    if (!report_->refusal.empty()) {
      return {.reason = report_->refusal, .is_refusal = true};
    }
    return drop_reason_.empty() ? end_by(error) : ConnectionEnd{.reason = drop_reason_};
  }

  const ServerAddress address_;
  EventLoop::Impl& loop_;
  const std::shared_ptr<TlsReport> report_ = std::make_shared<TlsReport>();
  ConnectionEvents events_;
  RespReader reader_;
  std::string unsent_;
  std::string written_;  // TLS: under way
  std::string drop_reason_;
  bool hears_pushes_ = false;
  bool is_ready_ = false;  // connected
  bool is_tuned_ = false;  // greeted
  bool is_writing_ = false;
  bool is_over_ = false;
  bool is_kept_alive_ = false;
  asio::ip::basic_resolver<asio::ip::tcp, asio::io_context::executor_type> resolver_;
  Socket socket_;
  std::optional<asio::ssl::context> tls_context_;
  std::optional<asio::ssl::stream<Socket&>> tls_;
};

class NoConnection final : public ServerConnection {
 public:
  void send(const std::function<void(const CommandSink&)>&) override {}
  void tune(std::chrono::milliseconds) override {}
  void drop(std::string) override {}
};

}  // namespace

std::shared_ptr<ServerConnection> open_connection(EventLoop& loop, const ServerAddress& address,
                                                  ConnectionEvents events) {
  std::shared_ptr<SocketConnection> connection;
  try {
    connection = std::make_shared<SocketConnection>(loop, address, events);
  } catch (const std::runtime_error& error) {  // the CA file was there when the store was opened
    loop.post([on_end = std::move(events.on_end), reason = std::string(error.what())] {
      on_end({.reason = reason, .is_refusal = true});
    });
    return std::make_shared<NoConnection>();
  }
  connection->start();
  return connection;
}

bool has_name(const ServerAddress& address) {
  error_code not_numeric;
  asio::ip::make_address(address.host, not_numeric);
  return address.unix_socket.empty() && not_numeric.failed();
}

std::optional<std::string> unusable_ca_file(const ServerAddress& address) {
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
