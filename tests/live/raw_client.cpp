#include "live/raw_client.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace exclusive_lock::live {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error("raw client: " + what); }

int connected_socket(const sockaddr* address, socklen_t size) {
  const int descriptor = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0 || ::connect(descriptor, address, size) != 0) {
    const int error = errno;
    if (descriptor >= 0) {
      ::close(descriptor);
    }
    fail("cannot connect: " + std::generic_category().message(error));
  }
  return descriptor;
}

int tcp_socket(const std::string& host, std::uint16_t port) {
  const addrinfo hints{.ai_flags = AI_NUMERICSERV,
                       .ai_family = AF_UNSPEC,
                       .ai_socktype = SOCK_STREAM,
                       .ai_protocol = 0,
                       .ai_addrlen = 0,
                       .ai_addr = nullptr,
                       .ai_canonname = nullptr,
                       .ai_next = nullptr};
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
      error != 0) {
    fail("no address for " + host + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, &::freeaddrinfo);
  const int descriptor = connected_socket(found->ai_addr, found->ai_addrlen);
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

int unix_socket(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) {
    fail("the socket's path is too long: " + path.string());
  }
  path.native().copy(address.sun_path, path.native().size());
  return connected_socket(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

bool Reply::is_error(std::string_view code) const {
  return type == Type::error && std::string_view(text).substr(0, text.find(' ')) == code;
}

RawClient::RawClient(std::uint16_t port, std::chrono::milliseconds timeout)
    : RawClient("127.0.0.1", port, timeout) {}

RawClient::RawClient(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout)
    : RawClient(tcp_socket(host, port), timeout) {}

RawClient::RawClient(const std::filesystem::path& path, std::chrono::milliseconds timeout)
    : RawClient(unix_socket(path), timeout) {}

RawClient::RawClient(int descriptor, std::chrono::milliseconds timeout) : descriptor_(descriptor) {
  const timeval limit{.tv_sec = timeout.count() / 1000, .tv_usec = timeout.count() % 1000 * 1000};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

RawClient::~RawClient() {
  if (descriptor_ >= 0) {
    ::close(descriptor_);
  }
}

RawClient::RawClient(RawClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)) {}

Reply RawClient::command(const std::vector<std::string>& words) {
  send(words);
  return receive();
}

void RawClient::send(const std::vector<std::string>& words) {
  std::string request = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) {
    request += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  }
  send_bytes(request);
}

void RawClient::send_bytes(std::string_view rest) {
  while (!rest.empty()) {
    const ssize_t sent = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EINTR) {
      fail("cannot send: " + std::generic_category().message(errno));
    }
    rest.remove_prefix(sent < 0 ? 0 : static_cast<std::size_t>(sent));
  }
}

Reply RawClient::receive() {
  const std::string head = line();
  const std::string rest = head.empty() ? "" : head.substr(1);
  switch (head.empty() ? '\0' : head[0]) {
    case '+':
      return {.type = Reply::Type::status, .text = rest};
    case '-':
      return {.type = Reply::Type::error, .text = rest};
    case ':':
      return {.type = Reply::Type::integer, .integer = std::stoll(rest)};
    case '$': {
      const auto size = std::stoll(rest);
      if (size < 0) {
        return {};
      }
      Reply reply{.type = Reply::Type::text, .text = bytes(static_cast<std::size_t>(size) + 2)};
      reply.text.resize(static_cast<std::size_t>(size));
      return reply;
    }
    case '*': {
      const auto count = std::stoll(rest);
      if (count < 0) {
        return {};
      }
      Reply reply{.type = Reply::Type::array};
      for (auto i = count; i > 0; --i) {
        reply.items.push_back(receive());
      }
      return reply;
    }
    default:
      fail("not a RESP2 reply: " + head);
  }
}

Reply RawClient::must(const std::vector<std::string>& words) {
  Reply reply = command(words);
  if (reply.type == Reply::Type::error) {
    fail(words.at(0) + " was refused: " + reply.text);
  }
  return reply;
}

std::string RawClient::text(const std::vector<std::string>& words) {
  const Reply reply = must(words);
  if (reply.type != Reply::Type::text && reply.type != Reply::Type::status) {
    fail(words.at(0) + " was not answered with text");
  }
  return reply.text;
}

std::int64_t RawClient::integer(const std::vector<std::string>& words) {
  const Reply reply = must(words);
  if (reply.type != Reply::Type::integer) {
    fail(words.at(0) + " was not answered with a number");
  }
  return reply.integer;
}

std::vector<std::string> RawClient::texts(const std::vector<std::string>& words) {
  const Reply reply = must(words);
  if (reply.type != Reply::Type::array) {
    fail(words.at(0) + " was not answered with a list");
  }
  std::vector<std::string> all;
  for (const Reply& item : reply.items) {
    all.push_back(item.text);
  }
  return all;
}

std::string RawClient::line() {
  std::size_t end;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    fill();
  }
  std::string found = buffer_.substr(0, end);
  buffer_.erase(0, end + 2);
  return found;
}

std::string RawClient::bytes(std::size_t count) {
  while (buffer_.size() < count) {
    fill();
  }
  std::string found = buffer_.substr(0, count);
  buffer_.erase(0, count);
  return found;
}

void RawClient::fill() {
  char chunk[16 * 1024];
  const ssize_t got = ::recv(descriptor_, chunk, sizeof chunk, 0);
  if (got > 0) {
    buffer_.append(chunk, static_cast<std::size_t>(got));
  } else if (got == 0) {
    fail("the server hung up");
  } else if (errno != EINTR) {
    fail("no answer: " + std::generic_category().message(errno));
  }
}

bool says(RawClient& client, const std::vector<std::string>& words, const std::string& part) {
  return client.command(words).text.find(part) != std::string::npos;
}

}  // namespace exclusive_lock::live
