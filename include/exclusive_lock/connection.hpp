#pragma once
// The connection to a store, shared by any number of locks: the `cache_connection` of Options.
//
//   auto store = exclusive_lock::connect("redis://127.0.0.1:6379");
//
//   URL                                          store
//   local:  local:///absolute/dir                embedded, all processes of this user; of that dir
//   redis://[user[:password]@]host[:port][/db]   Redis 6+, KeyDB 6+, Valkey, Redict
//   rediss://...                                 the same over TLS, certificate and name verified
//   unix:///path/to/socket[?db=N]                the same over a Unix socket
//   memory:                                      this process only; gone with the connection
//
// Characters that part a URL are percent-encoded where they belong to a name or a password: %40 for
// '@', %3A ':', %2F '/', %3F '?', %23 '#', %25 '%'. IPv6 addresses stand in brackets:
// redis://[::1]:6379.
//
// `local:` alone is ~/.local/state/exclusive-lock of the password database's entry, for root
// /var/lib/exclusive-lock, whatever the environment; or an error. Several users:
// docs/local_store.md
//
// Threads: connect() and everything behind it may be called from any thread. A connection owns one
// I/O thread, whose work callers that wait for a server do meanwhile, and one or two small helpers,
// all joined by the destructor of the last owner, which first waits, for at most one command
// timeout, until what its locks gave back has been answered. Only a lookup of a server's name that
// does not end is not waited for: its threads end when it does. After fork() the child's copy is
// dead: every call fails with errc::connection_closed, and nothing it does reaches the parent's
// locks.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exclusive_lock/error.hpp"
#include "exclusive_lock/export.hpp"
#include "exclusive_lock/saturating.hpp"

namespace spdlog {
class logger;
}

namespace exclusive_lock {

struct ConnectOptions {
  // How long connect() waits for the first contact. 10 ms to 1 h.
  OptionMilliseconds connect_timeout{5000};
  // Whether a first contact that fails (refused, no such name, no such socket) is tried again until
  // connect_timeout is over, as for a server that is just starting. False: an error at once.
  bool retry_connect = true;
  // How long one request may take before its outcome counts as unknown. 10 ms to 1 h.
  OptionMilliseconds command_timeout{1000};

  // Credentials, so that they need not stand in a URL, where `ps` and logs can see them. The file,
  // which may be a pipe, holds "password" or "user:password" in one line; the variable likewise.
  // The first ':' parts them: a password that has one is written ":pass:word". At most one source
  // may be given; the URL counts as one. Both are read once, in connect(). The variable stays set,
  // for this library cannot know who else reads it: take it out of the environment of processes
  // that you start, as the command's `run` does.
  std::filesystem::path credentials_file{};
  std::string credentials_variable{};

  std::filesystem::path ca_file{};  // rediss: trust these certificates instead of the system's
  std::string
      client_name{};  // CLIENT SETNAME; default "exclusive-lock". Printable ASCII, no spaces

  // Connection trouble and repair; null: silent. Written by a thread of its own, so that a sink
  // that blocks delays nothing; what it takes too long for is dropped, and counted in the log.
  std::shared_ptr<spdlog::logger> log{};
};

class Engine;  // what a connection is inside

class EXCLUSIVE_LOCK_API Connection {
 public:
  explicit Connection(std::shared_ptr<Engine> engine);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // The store's URL without credentials.
  [[nodiscard]] const std::string& url() const noexcept;
  [[nodiscard]] const std::shared_ptr<Engine>& engine() const noexcept { return engine_; }

 private:
  std::shared_ptr<Engine> engine_;
};

// Checks the URL and the options, then contacts the store. Throws ValidationError (every mistake at
// once, never showing a password) or StoreError. Blocks for connect_timeout and 0.2 s at most.
EXCLUSIVE_LOCK_API std::shared_ptr<Connection> connect(std::string_view url,
                                                       const ConnectOptions& options = {});

// What is wrong with URL and options, as connect() would throw it, before anything is contacted or
// read: credentials are looked at by connect() only.
EXCLUSIVE_LOCK_API std::vector<Mistake> mistakes_in_connection(std::string_view url,
                                                               const ConnectOptions& options = {});

}  // namespace exclusive_lock
