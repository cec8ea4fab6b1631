#include "live/fake_redis.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace exclusive_lock::live {
namespace {

using namespace std::chrono_literals;

// Takes a whole command, an array of bulk strings, from the front of `bytes`; none: it is not
// complete yet.
std::optional<std::vector<std::string>> take_command(std::string& bytes) {
  std::size_t at = 0;
  const auto number = [&]() -> std::optional<std::size_t> {
    const auto end = bytes.find("\r\n", at);
    if (end == std::string::npos) {
      return std::nullopt;
    }
    const std::size_t value = std::stoul(bytes.substr(at + 1, end - at - 1));
    at = end + 2;
    return value;
  };
  const auto count = number();
  std::vector<std::string> words;
  for (std::size_t i = 0; count && i < *count; ++i) {
    const auto size = number();
    if (!size || bytes.size() < at + *size + 2) {
      return std::nullopt;
    }
    words.push_back(bytes.substr(at, *size));
    at += *size + 2;
  }
  if (!count) {
    return std::nullopt;
  }
  bytes.erase(0, at);
  return words;
}

}  // namespace

FakeRedis::FakeRedis(Answer answer)
    : answer_(std::move(answer)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || stop_ < 0 || ::bind(listener_, generic, size) != 0 ||
      ::listen(listener_, 16) != 0 || ::getsockname(listener_, generic, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

FakeRedis::~FakeRedis() {
  ::eventfd_write(stop_, 1);
  thread_.join();
  ::close(listener_);
  ::close(stop_);
}

std::string FakeRedis::healthy(const std::vector<std::string>& words) {
  if (words[0] == "HELLO") {
    return greeting("master");
  }
  if (words[0] == "TIME") {
    return array_of({"1700000000", "0"});
  }
  return words[0] == "INFO" ? bulk("# Memory\r\nmaxmemory_policy:noeviction\r\n") : "-ERR no\r\n";
}

std::string FakeRedis::greeting(const std::string& role, const std::string& mode) {
  return "%5\r\n" + bulk("server") + bulk("redis") + bulk("version") + bulk("7.0.0") +
         bulk("proto") + ":3\r\n" + bulk("mode") + bulk(mode) + bulk("role") + bulk(role);
}

RedisStoreOptions FakeRedis::options() const {
  return {.host = "127.0.0.1",
          .port = port_,
          .unix_socket = {},
          .username = {},
          .password = {},
          .ca_file = {},
          .connect_timeout = 20s,
          .command_timeout = 1s,
          .url = "redis://127.0.0.1:" + std::to_string(port_)};
}

// One connection after the other.
void FakeRedis::serve() {
  while (true) {
    std::array<pollfd, 2> both{pollfd{listener_, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    ::poll(both.data(), both.size(), -1);
    if (both[1].revents != 0) {
      return;
    }
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection >= 0) {
      ++connections_;
      babble_.clear();
      talk(connection);
      ::close(connection);
    }
  }
}

// Until the other side hangs up, or the fake ends.
void FakeRedis::talk(int connection) {
  std::string received;
  while (true) {
    std::array<pollfd, 2> both{pollfd{connection, POLLIN, 0}, pollfd{stop_, POLLIN, 0}};
    ::poll(both.data(), both.size(), -1);
    std::array<char, 65536> buffer{};
    const ssize_t count =
        both[1].revents != 0 ? 0 : ::recv(connection, buffer.data(), buffer.size(), 0);
    if (count <= 0) {
      return;
    }
    received.append(buffer.data(), static_cast<std::size_t>(count));
    while (const auto words = take_command(received)) {
      const std::string answer = answer_(*words);
      if (::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
        return;
      }
      if (!babble_.empty()) {
        return babble(connection);
      }
      if (std::exchange(hangs_up_, false)) {
        return;
      }
    }
  }
}

void FakeRedis::go_on_for_ever(std::string bytes, std::chrono::milliseconds pause) {
  babble_ = std::move(bytes);
  pause_ = pause;
}

void FakeRedis::babble(int connection) {
  std::size_t sent = 0;
  while (!is_stopped()) {
    if (sent == 0) {
      std::this_thread::sleep_for(pause_);
    }
    const ssize_t count = ::send(connection, babble_.data() + sent, babble_.size() - sent,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count > 0) {
      sent = (sent + static_cast<std::size_t>(count)) % babble_.size();
    } else if (errno == EAGAIN) {
      std::array<pollfd, 2> both{pollfd{connection, POLLOUT, 0}, pollfd{stop_, POLLIN, 0}};
      ::poll(both.data(), both.size(), -1);
    } else {
      return;
    }
  }
}

bool FakeRedis::is_stopped() const {
  pollfd stop{stop_, POLLIN, 0};
  return ::poll(&stop, 1, 0) > 0;
}

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string array_of(const std::vector<std::string>& texts) {
  std::string bytes = "*" + std::to_string(texts.size()) + "\r\n";
  for (const std::string& text : texts) {
    bytes += bulk(text);
  }
  return bytes;
}

std::string inspect_reply(const Words& words, const std::string& value,
                          const std::string& remaining_ms) {
  const std::string& echo = words.at(3 + std::stoul(words.at(2)));
  return array_of({echo, "1700000000000000", remaining_ms, value, "0", ""});
}

}  // namespace exclusive_lock::live
