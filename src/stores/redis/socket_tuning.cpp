#include "stores/redis/socket_tuning.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace exclusive_lock::redis {
namespace {

void set_option(int socket, int level, int option, int value) {
  ::setsockopt(socket, level, option, &value, sizeof value);
}

std::string peer_path(int socket) {
  sockaddr_un peer{};
  socklen_t size = sizeof peer;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&peer), &size) != 0 ||
      peer.sun_family != AF_UNIX || size <= offsetof(sockaddr_un, sun_path)) {
    return "";
  }
  const std::size_t path_size = size - offsetof(sockaddr_un, sun_path);
  const std::string_view path(peer.sun_path, path_size);
  return std::string(path.substr(0, path.find('\0')));
}

}  // namespace

void close_on_exec(int socket) { ::fcntl(socket, F_SETFD, FD_CLOEXEC); }

void notice_dead_peer(int socket, std::chrono::milliseconds timeout) {
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(timeout.count()));
}

void send_at_once(int socket) { set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1); }

std::set<int> sockets_of_peer(const std::filesystem::path& path) {
  std::set<int> found;
  std::error_code error;
  for (std::filesystem::directory_iterator each("/proc/self/fd", error), end; !error && each != end;
       each.increment(error)) {
    const std::string name = each->path().filename().string();
    int descriptor = -1;
    std::from_chars(name.data(), name.data() + name.size(), descriptor);
    if (descriptor >= 0 && peer_path(descriptor) == path) {
      found.insert(descriptor);
    }
  }
  return found;
}

}  // namespace exclusive_lock::redis
