#pragma once
// One connection to a server, from the first try to its end: never used again after that.
//
// Boost.Asio looks up, connects and speaks TLS; Boost.Redis parses replies (resp_reader.hpp). Its
// connection is not used: it is to reconnect with a fixed pause, and keep what was not sent; sends
// a PING that a server that is alive may refuse (MISCONF, BUSY, LOADING, an ACL); hides its socket,
// and each request costs it ten system calls. ReconnectingConnection makes a new one after a
// pause that grows, decides what becomes of each operation, greets (handshake.hpp), and asks TIME
// as a sign of life. Nothing is ever sent twice: a script could run twice.
//
// All calls and callbacks on the loop's thread.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/protocol.hpp"
#include "stores/redis/event_loop.hpp"
#include "stores/redis/operation_queue.hpp"
#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

struct ServerAddress {
  std::string host;  // with port; ignored where there is a unix_socket
  std::uint16_t port = 0;
  bool tls = false;
  std::filesystem::path ca_file;
  std::filesystem::path unix_socket;
};

struct ConnectionEnd {
  std::string reason;  // "Connection refused", fit for a terminal
  // Another try is of no use until something is changed: the certificate was not accepted.
  bool is_refusal = false;
  // The other side ended it.
  bool was_hung_up = false;
  // What it sent is not of the protocol (RESP) at all.
  bool speaks_another_protocol = false;
};

struct ConnectionEvents {
  // In the order of the commands. Must not call into the connection.
  std::function<void(Reply)> on_reply;
  // What the server sends without being asked, and the first word of a server that says more than
  // it was asked. Must not call into the connection.
  std::function<void(Reply)> on_push;
  // The last call, exactly once, also after drop().
  std::function<void(ConnectionEnd)> on_end;
};

class ServerConnection {
 public:
  virtual ~ServerConnection() = default;

  // What `commands` gives to the sink that it is called with is sent together when the connection
  // is there, in the order of the calls.
  virtual void send(const std::function<void(const CommandSink&)>& commands) = 0;
  // To be called once the server has answered: dead peers are noticed by the kernel after
  // `peer_timeout` too, and nothing waits to be sent together.
  virtual void tune(std::chrono::milliseconds peer_timeout) = 0;
  // Ends it soon; `reason` is what on_end says, if nothing else has ended it before.
  virtual void drop(std::string reason) = 0;
};

// Starts to connect, for as long as it takes; drop() ends the try.
std::shared_ptr<ServerConnection> open_connection(EventLoop& loop, const ServerAddress& address,
                                                  ConnectionEvents events);

// Whether the host is a name, which has to be looked up.
bool has_name(const ServerAddress& address);

// Why `address` cannot be used at all; none: it can be tried.
std::optional<std::string> unusable_ca_file(const ServerAddress& address);

}  // namespace exclusive_lock::redis
