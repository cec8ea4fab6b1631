#pragma once
// What Boost.Asio leaves to us about a connected socket. Best effort: a socket that does not take
// an option works without it.

#include <chrono>

namespace exclusive_lock::redis {

// A program that is started from here must not inherit a connection that is logged in (G11).
void close_on_exec(int socket);
// SO_KEEPALIVE and TCP_USER_TIMEOUT (tcp(7)): a peer that is gone without a word ends the
// connection after `timeout`; where nothing is sent, after one and a half of it, in whole seconds.
void notice_dead_peer(int socket, std::chrono::milliseconds timeout);
// TCP_NODELAY: a request is one write, and waiting for more of it costs up to a round trip.
void send_at_once(int socket);

}  // namespace exclusive_lock::redis
