#pragma once
// The store on a server: Redis 6+, KeyDB 6+, Valkey, Redict.
//
// A lock K is two keys: K, the record, with the ttl as its own, and the fence beside it
// (key_codec.hpp), with a ttl of a day. While there are waiters there are two more, with a ttl of a
// minute (scripts/shared/queue.lua). A release that says that the work was done leaves one more,
// with the ttl that it asks for (core/done_mark.hpp). Every verb is one script, so one step
// (scripts/*.lua). Wake-ups come over a second connection, made with the first attempt that
// has wait options (subscriber_connection.hpp).
//
// The server's clock decides when a record expires and what `since` says. `not_after` is translated
// to it by what replies contained (server_time.hpp); an attempt that the server calls too late
// although it is in time by our clock (its clock was set forward) is made once more: nothing was
// done.
//
// What the server must allow: docs/server_rights.md. Without the right to be woken waiting works,
// by looking now and then; the log says so once.
//
// One I/O thread (redis_client.hpp). After a fork() the child's copy answers connection_closed and
// leaves alone what it shares with the parent, at the price of a little memory in the child.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "os/clock.hpp"
#include "stores/store.hpp"

namespace spdlog {
class logger;
}

namespace exclusive_lock {

struct RedisStoreOptions {
  std::string host;
  std::uint16_t port = 6379;
  bool tls = false;
  std::filesystem::path unix_socket;  // instead of host and port
  std::string username;
  std::string password;
  int database = 0;
  std::string client_name = "exclusive-lock";
  std::filesystem::path ca_file;  // empty: the system's
  Milliseconds connect_timeout{5000};
  bool retry_connect = true;
  Milliseconds command_timeout{1000};
  std::string url;  // without credentials
};

// Blocks until the server has greeted us. `clock` must outlive the store; a null `log` is silent.
// Throws StoreError when the server refuses us or connect_timeout is over (without retry_connect:
// when the first try failed), ValidationError for a CA file that cannot be used.
std::shared_ptr<Store> open_redis_store(const RedisStoreOptions& options, const ClockSource& clock,
                                        std::shared_ptr<spdlog::logger> log);

}  // namespace exclusive_lock
