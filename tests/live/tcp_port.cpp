#include "live/tcp_port.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace exclusive_lock::live {
namespace {

namespace fs = std::filesystem;

// The lowest port from which the kernel takes local ports of outgoing connections.
int ephemeral_ports_begin() {
  int begin = 32768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> begin;
  return begin;
}

bool is_free(std::uint16_t port) {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a socket");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound =
      ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(probe);
  return bound;
}

// The inodes of sockets that listen at 127.0.0.1:port, from /proc/net/tcp (proc(5)): columns sl,
// local_address, rem_address, st (0A: LISTEN), tx:rx, tr:when, retrnsmt, uid, timeout, inode.
std::set<std::string> listeners(std::uint16_t port) {
  char wanted[16];
  std::snprintf(wanted, sizeof wanted, "0100007F:%04X", static_cast<unsigned>(port));
  std::set<std::string> inodes;
  std::ifstream table("/proc/net/tcp");
  for (std::string row; std::getline(table, row);) {
    std::istringstream columns(row);
    const std::vector<std::string> words{std::istream_iterator<std::string>(columns), {}};
    if (words.size() > 9 && words[1] == wanted && words[3] == "0A") {
      inodes.insert("socket:[" + words[9] + "]");
    }
  }
  return inodes;
}

bool has_descriptor(pid_t pid, const std::string& link) {
  std::error_code error;  // the process may end, and its descriptors go, while we look
  for (fs::directory_iterator each("/proc/" + std::to_string(pid) + "/fd", error), end;
       !error && each != end; each.increment(error)) {
    std::error_code gone;
    if (fs::read_symlink(each->path(), gone) == link) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::uint16_t free_port() {
  std::random_device random;
  const int end = std::max(ephemeral_ports_begin(), 12000);
  std::uniform_int_distribution<int> ports(10000, end - 1);
  for (int tries = 0; tries < 1000; ++tries) {
    const auto port = static_cast<std::uint16_t>(ports(random));
    if (is_free(port)) {
      return port;
    }
  }
  throw std::runtime_error("no free port between 10000 and " + std::to_string(end));
}

bool is_only_listener(pid_t pid, std::uint16_t port) {
  const std::set<std::string> sockets = listeners(port);
  return sockets.size() == 1 && has_descriptor(pid, *sockets.begin());
}

}  // namespace exclusive_lock::live
