#pragma once
// The connection to a store, shared by any number of locks: the `cache_connection` of Options.
//
//   auto store = exclusive_lock::connect("redis://127.0.0.1:6379");
//
//   URL                                          store
//   local:                                       embedded, all processes of this user
//   local:///absolute/dir                        embedded, all processes that use that directory
//   redis://[user[:password]@]host[:port][/db]   Redis 6+, KeyDB 6+, Valkey, Redict
//   rediss://...                                 the same over TLS, certificate and name verified
//   unix:///path/to/socket[?db=N]                the same over a Unix socket
//   memory:                                      in this process; ends with the connection
//
// Percent-encode delimiters in a name or a password: %40 for '@', %3A for ':', %2F for '/', %3F for
// '?', %23 for '#', %25 for '%'. Write IPv6 addresses in brackets: redis://[::1]:6379.
//
// `local:` without a directory is .local/state/exclusive-lock in the home directory that the
// password database names, and /var/lib/exclusive-lock for root. No environment variable changes
// it. If it cannot be used, connect() throws. For several users: docs/local_store.md
//
// Threads. connect() and every member may be called from any thread. A connection owns helper
// threads and, for a server, an I/O thread that runs the event loop; a caller that waits for a
// reply runs that loop itself meanwhile (docs/decisions/0012). The destructor of the last owner
// waits at most one command timeout until the store has answered what its locks gave back, and then
// joins all threads but one kind: a name lookup that does not end keeps its threads until it ends.
//
// After fork(), the child's copy cannot be used: every call fails with errc::connection_closed, and
// none changes the parent's locks.

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
  // How long connect() may try to reach the store. 10 ms to 1 h.
  OptionMilliseconds connect_timeout{5000};
  // True: connect() tries again until connect_timeout is over if the server is not there
  // (connection refused, no such name, no such socket), because it may be starting. False: it
  // throws at once.
  bool retry_connect = true;
  // How long a request waits for its reply before its outcome is unknown. 10 ms to 1 h.
  OptionMilliseconds command_timeout{1000};

  // Two places for credentials other than the URL, which `ps` and logs may show. The file (or pipe)
  // and the variable contain one line: "password" or "user:password". The first ':' separates them,
  // so write a password that contains one as ":pass:word". Give at most one source; credentials in
  // the URL are one. connect() reads the source once. It does not unset the variable, which others
  // may need: remove it from the environment of processes that you start, as the command `run`
  // does.
  std::filesystem::path credentials_file{};
  std::string credentials_variable{};

  // rediss: the certificates to trust instead of the system's.
  std::filesystem::path ca_file{};
  // The name for CLIENT SETNAME: up to 128 bytes of printable ASCII without spaces. Empty:
  // "exclusive-lock".
  std::string client_name{};

  // Where failures of the connection and reconnects are logged. Null: no log. A thread of its own
  // writes the lines, so a sink that blocks delays nothing else. If the sink is too slow, lines are
  // dropped and their number is logged.
  std::shared_ptr<spdlog::logger> log{};
};

class Engine;  // internal

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

// Checks the URL and the options, then connects to the store. Throws ValidationError, which lists
// every mistake and shows no password, or StoreError. Blocks for connect_timeout plus 0.2 s at
// most.
EXCLUSIVE_LOCK_API std::shared_ptr<Connection> connect(std::string_view url,
                                                       const ConnectOptions& options = {});

// Every mistake in the URL and the options that connect() would throw as a ValidationError, except
// those in a credentials file or variable: this call reads and contacts nothing.
EXCLUSIVE_LOCK_API std::vector<Mistake> mistakes_in_connection(std::string_view url,
                                                               const ConnectOptions& options = {});

}  // namespace exclusive_lock
