#pragma once
// The first exchange with a server: authentication, and what kind of server it is. No I/O.
//
// One round trip: HELLO 3 with AUTH and SETNAME, SELECT, TIME, INFO, SCRIPT LOAD. HELLO is the one
// that decides: it switches to RESP3, authenticates, and its answer names the server and its role.
// The others may be refused for now (BUSY) or always (an ACL without `info`) without harm.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/protocol.hpp"
#include "stores/redis/operation_queue.hpp"
#include "stores/redis/reply.hpp"

namespace exclusive_lock::redis {

struct Login {
  std::string username;  // empty: "default"
  std::string password;  // empty, with an empty username: no AUTH
  std::string client_name;
  int database = 0;
  // Text to load; empty: none. The first call of a script that the server does not know takes a
  // second round trip, in which others who call later are served: an attempt would lose its place.
  std::string_view script{};
};

void send_handshake(const Login& login, const CommandSink& sink);
// So many replies come to it.
std::size_t handshake_replies(const Login& login);

struct Greeting {
  std::string server;  // "redis 7.0.15", fit for a terminal
  std::string run_id;  // of this start of this server; empty: unknown
  std::optional<StoreTime> time;
  std::vector<std::string> warnings;  // what endangers locks on this server, fit for a terminal
};

// A failure: this server cannot be used, and asking again would not help until something is
// changed there or here. `replies` may be cut short by the end of the connection: none where that
// leaves it open what the server thinks of us.
std::optional<Answer<Greeting>> judge_handshake(const Login& login,
                                                const std::vector<Reply>& replies);

// The two parts of TIME's reply, in microseconds.
std::optional<StoreTime> time_in(const Reply& reply);

}  // namespace exclusive_lock::redis
