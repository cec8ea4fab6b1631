#pragma once
// Real servers for tests, each in a process and a folder of its own.
//
//   Server server({.kind = ServerKind::valkey});
//   auto store = connect(server.url());
//   server.kill();                       // as by kill -9
//   server.restart(ServerData::lost);    // same port, empty
//
// Where the programs are found: the folder that the environment variable
// EXCLUSIVE_LOCK_TEST_SERVERS names (scripts/set-up fills it), then the PATH. A program there may
// be a shell script, if it `exec`s the server: pid() must be the server's.
//
// Nothing outlives a test: the destructor kills the server, and so does the kernel when the thread
// that started it ends, however it ends (PR_SET_PDEATHSIG). So start servers from a thread that
// lives as long as they have to, best of all the test's own.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "live/raw_client.hpp"
#include "live/temporary_directory.hpp"

namespace exclusive_lock::live {

enum class ServerKind { redis, valkey, redict, keydb };

// "redis" and so on.
std::string_view name_of(ServerKind kind);
std::ostream& operator<<(std::ostream& out, ServerKind kind);
// "redis-server" and so on.
std::string program_name(ServerKind kind);
std::optional<std::filesystem::path> find_program(std::string_view name);
std::optional<std::filesystem::path> find_server(ServerKind kind);
// Redis and Valkey, which have to be there, and Redict and KeyDB where they are.
std::vector<ServerKind> servers_to_test();

enum class ServerTransport {
  tcp,
  tls,         // give --tls-cert-file and the like in `arguments`; ready means listening
  unix_socket  // no port at all
};

enum class ServerData { kept, lost };

struct ServerOptions {
  ServerKind kind = ServerKind::redis;
  ServerTransport transport = ServerTransport::tcp;
  // Every write is in the append-only file before it is answered, so that restart(kept) finds it
  // even after kill(). Without it nothing is ever written to a disk.
  bool persistent = false;
  std::vector<std::string> arguments{};    // more of them, last: {"--requirepass", "secret"}
  std::vector<std::string> environment{};  // in front of our own: {"NAME=value"}
};

// Not thread-safe. Calls throw std::runtime_error, with the server's log where it has something to
// say.
class Server {
 public:
  // Blocks until the server answers.
  explicit Server(ServerOptions options = {});
  ~Server();  // kills; does nothing in a forked child
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }  // 0: not running
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::filesystem::path socket_path() const { return folder_.path() / "socket"; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }
  [[nodiscard]] std::string url() const;  // no credentials in it
  [[nodiscard]] std::string log() const;
  [[nodiscard]] RawClient client() const;  // not for tls

  void stop();    // SIGTERM; waits for the end, SIGKILL after 10 s
  void kill();    // SIGKILL; waits for the end
  void pause();   // SIGSTOP; connects are still accepted, nothing is answered
  void resume();  // SIGCONT
  // Starts it again at the same place; kills it first where it still runs. `kept` needs
  // `persistent`.
  void restart(ServerData data);

 private:
  [[nodiscard]] bool try_start();
  [[nodiscard]] std::vector<std::string> command_line() const;
  void launch();
  [[nodiscard]] bool has_ended();
  [[nodiscard]] bool is_listening() const;
  [[nodiscard]] bool answers() const;
  void signal(int number);
  void reap();

  ServerOptions options_;
  std::filesystem::path program_;
  TemporaryDirectory folder_;
  std::uint16_t port_ = 0;
  pid_t pid_ = 0;
  pid_t creator_;
};

}  // namespace exclusive_lock::live
