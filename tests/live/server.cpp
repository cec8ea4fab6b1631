#include "live/server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "live/tcp_port.hpp"

namespace exclusive_lock::live {
namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr auto start_limit = 30s;  // a loaded machine with sanitizers; a healthy start takes 20 ms
constexpr auto stop_limit = 10s;
constexpr auto look_pause = 2ms;

[[noreturn]] void fail_with_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

std::string_view name_of(ServerKind kind) {
  switch (kind) {
    case ServerKind::redis:
      return "redis";
    case ServerKind::valkey:
      return "valkey";
    case ServerKind::redict:
      return "redict";
    case ServerKind::keydb:
      return "keydb";
  }
  throw std::logic_error("no such kind of server");
}

std::ostream& operator<<(std::ostream& out, ServerKind kind) { return out << name_of(kind); }

std::string program_name(ServerKind kind) { return std::string(name_of(kind)) + "-server"; }

std::optional<fs::path> find_program(std::string_view name) {
  const auto variable = [](const char* key) {
    const char* value = ::getenv(key);
    return value == nullptr ? std::string() : std::string(value);
  };
  std::istringstream folders(variable("EXCLUSIVE_LOCK_TEST_SERVERS") +
                             ":" EXCLUSIVE_LOCK_TEST_SERVERS_FOLDER ":" + variable("PATH"));
  for (std::string folder; std::getline(folders, folder, ':');) {
    fs::path candidate = fs::path(folder) / name;
    std::error_code absent;
    if (!folder.empty() && fs::is_regular_file(candidate, absent) &&
        ::access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return std::nullopt;
}

std::optional<fs::path> find_server(ServerKind kind) { return find_program(program_name(kind)); }

std::vector<ServerKind> servers_to_test() {
  std::vector<ServerKind> kinds{ServerKind::redis, ServerKind::valkey};
  for (const ServerKind kind : {ServerKind::redict, ServerKind::keydb}) {
    if (find_server(kind)) {
      kinds.push_back(kind);
    }
  }
  return kinds;
}

Server::Server(ServerOptions options) : options_(std::move(options)), creator_(::getpid()) {
  const auto found = find_server(options_.kind);
  if (!found) {
    throw std::runtime_error(
        program_name(options_.kind) +
        " is neither in the folder EXCLUSIVE_LOCK_TEST_SERVERS nor on the PATH; "
        "scripts/set-up brings the servers that tests need");
  }
  program_ = *found;
  if (options_.transport == ServerTransport::unix_socket) {
    if (!try_start()) {
      throw std::runtime_error(program_.string() + " did not start:\n" + log());
    }
    return;
  }
  // Between the look at a port and the server's bind() somebody else may take it.
  for (int tries = 0; tries < 5; ++tries) {
    port_ = free_port();
    if (try_start()) {
      return;
    }
  }
  throw std::runtime_error(program_.string() + " did not start:\n" + log());
}

Server::~Server() {
  if (::getpid() == creator_ && pid_ != 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

std::string Server::url() const {
  switch (options_.transport) {
    case ServerTransport::tcp:
      return "redis://127.0.0.1:" + std::to_string(port_);
    case ServerTransport::tls:
      return "rediss://127.0.0.1:" + std::to_string(port_);
    case ServerTransport::unix_socket:
      return "unix://" + socket_path().string();
  }
  throw std::logic_error("no such transport");
}

std::string Server::log() const {
  std::ifstream file(folder() / "log");
  return {std::istreambuf_iterator<char>(file), {}};
}

RawClient Server::client() const {
  return options_.transport == ServerTransport::unix_socket ? RawClient(socket_path())
                                                            : RawClient(port_);
}

void Server::stop() {
  signal(SIGCONT);  // a paused process would not see the next one
  signal(SIGTERM);
  const auto give_up_at = std::chrono::steady_clock::now() + stop_limit;
  while (!has_ended()) {
    if (std::chrono::steady_clock::now() > give_up_at) {
      return kill();
    }
    std::this_thread::sleep_for(look_pause);
  }
}

void Server::kill() {
  signal(SIGKILL);
  reap();
}

void Server::pause() {
  signal(SIGSTOP);
  if (::waitpid(pid_, nullptr, WUNTRACED) != pid_) {
    fail_with_errno("cannot wait for the pause of the server");
  }
}

void Server::resume() { signal(SIGCONT); }

void Server::restart(ServerData data) {
  if (data == ServerData::kept && !options_.persistent) {
    throw std::logic_error("this server keeps no data: set ServerOptions::persistent");
  }
  if (pid_ != 0) {
    kill();
  }
  if (data == ServerData::lost) {
    for (const auto& entry : fs::directory_iterator(folder())) {
      fs::remove_all(entry.path());
    }
  }
  if (!try_start()) {
    throw std::runtime_error(program_.string() + " did not come back:\n" + log());
  }
}

// False: it ended by itself, as it does when its port is taken.
bool Server::try_start() {
  launch();
  const auto give_up_at = std::chrono::steady_clock::now() + start_limit;
  while (!has_ended()) {
    if (is_listening() && answers()) {
      return true;
    }
    if (std::chrono::steady_clock::now() > give_up_at) {
      kill();
      throw std::runtime_error(program_.string() + " does not answer:\n" + log());
    }
    std::this_thread::sleep_for(look_pause);
  }
  return false;
}

std::vector<std::string> Server::command_line() const {
  std::vector<std::string> words{program_.string(), "--dir", folder().string(), "--daemonize", "no",
                                 "--save",          "",      "--bind",          "127.0.0.1"};
  const auto add = [&words](std::initializer_list<std::string> more) {
    words.insert(words.end(), more);
  };
  add({"--appendonly", options_.persistent ? "yes" : "no", "--appendfsync", "always"});
  switch (options_.transport) {
    case ServerTransport::tcp:
      add({"--port", std::to_string(port_)});
      break;
    case ServerTransport::tls:
      add({"--port", "0", "--tls-port", std::to_string(port_)});
      break;
    case ServerTransport::unix_socket:
      add({"--port", "0", "--unixsocket", socket_path().string()});
      break;
  }
  if (options_.kind == ServerKind::keydb) {
    // With more threads it binds with SO_REUSEPORT, and two of them could share a port unnoticed.
    add({"--server-threads", "1"});
  }
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  return words;
}

void Server::launch() {
  std::vector<std::string> words = command_line();
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  std::vector<char*> environment;
  for (std::string& setting : options_.environment) {
    environment.push_back(setting.data());
  }
  for (char** setting = ::environ; *setting != nullptr; ++setting) {
    environment.push_back(*setting);
  }
  environment.push_back(nullptr);
  const int output =
      ::open((folder() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  const int input = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (output < 0 || input < 0) {
    fail_with_errno("cannot open the server's log");
  }
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {  // only async-signal-safe calls from here on: the parent may have threads
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
      ::_exit(127);
    }
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::close_range(3, ~0U, 0);
    ::execve(arguments[0], arguments.data(), environment.data());
    ::_exit(127);
  }
  ::close(input);
  ::close(output);
  if (pid_ < 0) {
    pid_ = 0;
    fail_with_errno("cannot fork");
  }
}

bool Server::has_ended() {
  if (pid_ != 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) {
    pid_ = 0;
  }
  return pid_ == 0;
}

// Whoever listens at our port is this very process, and nobody else.
bool Server::is_listening() const {
  if (options_.transport == ServerTransport::unix_socket) {
    return fs::exists(socket_path());
  }
  return is_only_listener(pid_, port_);
}

bool Server::answers() const {
  if (options_.transport == ServerTransport::tls) {
    return true;
  }
  try {
    const Reply reply = client().command({"PING"});
    return reply.text == "PONG" || reply.is_error("NOAUTH") || reply.is_error("NOPERM");
  } catch (const std::runtime_error&) {
    return false;  // not yet; try_start() bounds the tries
  }
}

void Server::signal(int number) {
  if (pid_ == 0) {
    throw std::logic_error("the server does not run");
  }
  if (::kill(pid_, number) != 0) {
    fail_with_errno("cannot signal the server");
  }
}

void Server::reap() {
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

}  // namespace exclusive_lock::live
