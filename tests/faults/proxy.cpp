#include "faults/proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace exclusive_lock::faults {

using namespace std::chrono_literals;

namespace {

// Beyond it a pipe reads no more: what a slow receiver does to a sender.
constexpr std::size_t max_chunks = 256;
// How soon a receiver whose buffer was full is tried again.
constexpr auto full_pause = 1ms;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int new_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) {
    fail("cannot make a socket");
  }
  return fd;
}

// -1: nobody listens there.
int connect_to(std::uint16_t port) {
  const int fd = new_socket();
  const sockaddr_in address = loopback(port);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

void send_at_once(int fd) {
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// RST instead of FIN.
void close_with_reset(int fd) {
  const linger none{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  ::close(fd);
}

constexpr std::array ways{Way::to_server, Way::to_client};

// RESP3: a push, or what older clients are sent in its place.
bool has_push(const std::string& bytes) {
  return bytes.find("3\r\n$7\r\nmessage\r\n") != std::string::npos;
}

}  // namespace

Proxy::Proxy(std::uint16_t server_port, std::uint64_t seed)
    : random_(static_cast<std::minstd_rand::result_type>(seed)), server_port_(server_port) {
  listener_ = new_socket();
  const sockaddr_in address = loopback(0);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, SOMAXCONN) != 0) {
    fail("cannot listen");
  }
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&bound), &size);
  port_ = ntohs(bound.sin_port);
  waker_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (waker_ < 0) {
    fail("cannot make an eventfd");
  }
  thread_ = std::thread([this] { run(); });
}

Proxy::~Proxy() {
  change([this] { stops_ = true; });
  thread_.join();
  for (Connection& connection : connections_) {
    reset(connection);
  }
  ::close(listener_);
  ::close(waker_);
}

template <class Change>
void Proxy::change(Change change) {
  {
    const std::lock_guard guard(mutex_);
    change();
  }
  wake();
}

void Proxy::shape(Way way, const Shape& shape) {
  change([&] { weather(way).shape = shape; });
}

void Proxy::hold(Way way) {
  change([&] { weather(way).is_held = true; });
}

void Proxy::swallow(Way way) {
  change([&] { weather(way).is_swallowed = true; });
}

void Proxy::reset_at(Way way, std::size_t bytes_from_now) {
  change([&] { weather(way).reset_in = bytes_from_now; });
}

void Proxy::drop_reply() {
  change([&] { drops_reply_ = true; });
}

void Proxy::drop_push() {
  change([&] { drops_push_ = true; });
}

void Proxy::cut() {
  change([&] { std::for_each(connections_.begin(), connections_.end(), reset); });
}

void Proxy::redirect(std::uint16_t server_port) {
  change([&] { server_port_ = server_port; });
}

void Proxy::heal() {
  change([&] {
    weather_ = {};
    drops_reply_ = false;
    drops_push_ = false;
  });
}

int Proxy::strikes() const {
  const std::lock_guard guard(mutex_);
  return strikes_;
}

int Proxy::connections() const {
  const std::lock_guard guard(mutex_);
  return accepted_;
}

void Proxy::wake() const {
  const std::uint64_t one = 1;
  // It fails only if it is to wake already.
  [[maybe_unused]] const auto written = ::write(waker_, &one, sizeof one);
}

// --- the thread ---

void Proxy::run() {
  while (true) {
    std::vector<pollfd> polled;
    int wait_options = 0;
    {
      const std::lock_guard guard(mutex_);
      polled = interests();
      wait_options = max_wait_ms();
    }
    ::poll(polled.data(), polled.size(), wait_options);
    if (!step(polled)) {
      return;
    }
  }
}

// The waker, the listener, then two for each connection: what each pipe reads from.
std::vector<pollfd> Proxy::interests() const {
  std::vector<pollfd> polled{{.fd = waker_, .events = POLLIN, .revents = 0},
                             {.fd = listener_, .events = POLLIN, .revents = 0}};
  for (const Connection& connection : connections_) {
    for (const Pipe& pipe : connection.pipes) {
      const bool reads = !pipe.has_ended && pipe.chunks.size() < max_chunks;
      // A descriptor below 0 is passed over; poll(2) would tell an error of any other.
      polled.push_back({.fd = reads ? pipe.from : -1, .events = POLLIN, .revents = 0});
    }
  }
  return polled;
}

int Proxy::max_wait_ms() const {
  Instant next = Instant::max();
  for (const Connection& connection : connections_) {
    for (const Way way : ways) {
      const Pipe& pipe = connection.pipes[static_cast<std::size_t>(way)];
      if (!pipe.chunks.empty() && !weather_[static_cast<std::size_t>(way)].is_held) {
        next = std::min(next, std::max(pipe.chunks.front().due, pipe.next_send));
      }
    }
  }
  if (next == Instant::max()) {
    return -1;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - BootClock::now());
  return static_cast<int>(std::max(left.count(), std::chrono::milliseconds::rep{0}));
}

bool Proxy::step(std::vector<pollfd>& polled) {
  const std::lock_guard guard(mutex_);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read_count = ::read(waker_, &count, sizeof count);
  auto each = polled.begin() + 2;
  for (Connection& connection : connections_) {
    for (const Way way : ways) {
      if ((each++)->revents != 0 && !connection.is_over) {
        read(connection, way);
      }
    }
  }
  if (polled[1].revents != 0) {
    accept_one();
  }
  const Instant now = BootClock::now();
  for (Connection& connection : connections_) {
    for (const Way way : ways) {
      send(connection, way, now);
    }
    if (connection.pipes[0].end_passed && connection.pipes[1].end_passed) {
      reset(connection);
    }
  }
  connections_.remove_if([](const Connection& connection) { return connection.is_over; });
  return !stops_;
}

void Proxy::accept_one() {
  const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (client < 0) {
    return;  // it has gone again
  }
  ++accepted_;
  const int server = connect_to(server_port_);
  if (server < 0) {
    return close_with_reset(client);
  }
  send_at_once(client);
  send_at_once(server);
  connections_.push_back(
      {.pipes = {Pipe{.from = client, .to = server}, Pipe{.from = server, .to = client}}});
}

void Proxy::read(Connection& connection, Way way) {
  Pipe& pipe = connection.pipes[static_cast<std::size_t>(way)];
  std::string bytes(64 * 1024, '\0');
  const ssize_t size = ::recv(pipe.from, bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (size > 0) {
    bytes.resize(static_cast<std::size_t>(size));
    take(pipe, way, std::move(bytes));
  } else if (size == 0) {
    pipe.has_ended = true;
  } else if (errno != EAGAIN && errno != EINTR) {
    reset(connection);
  }
}

void Proxy::take(Pipe& pipe, Way way, std::string bytes) {
  Weather& now_there = weather(way);
  pipe.is_swallowed = pipe.is_swallowed || now_there.is_swallowed;
  if (pipe.is_swallowed) {
    return;
  }
  const bool is_dropped = drops_reply_ || (drops_push_ && has_push(bytes));
  if (way == Way::to_client && is_dropped) {
    drops_reply_ = drops_push_ = false;
    ++strikes_;
    return;
  }
  Chunk chunk{.bytes = std::move(bytes), .due = BootClock::now()};
  const Shape& shape = now_there.shape;
  if (shape.latency + shape.jitter > 0us) {
    std::uniform_int_distribution<std::chrono::microseconds::rep> part(0, shape.jitter.count());
    chunk.due += shape.latency + std::chrono::microseconds(part(random_));
  }
  if (!pipe.chunks.empty()) {
    chunk.due = std::max(chunk.due, pipe.chunks.back().due);  // TCP keeps the order
  }
  if (now_there.reset_in) {
    chunk.then_reset = chunk.bytes.size() >= *now_there.reset_in;
    chunk.bytes.resize(std::min(chunk.bytes.size(), *now_there.reset_in));
    *now_there.reset_in -= chunk.bytes.size();
    if (chunk.then_reset) {
      now_there.reset_in.reset();
    }
  }
  pipe.chunks.push_back(std::move(chunk));
}

void Proxy::send(Connection& connection, Way way, Instant now) {
  Pipe& pipe = connection.pipes[static_cast<std::size_t>(way)];
  const Weather& now_there = weather(way);
  while (!connection.is_over && !pipe.chunks.empty() && !now_there.is_held &&
         pipe.chunks.front().due <= now && pipe.next_send <= now) {
    if (!send_piece(connection, pipe, now_there.shape, now)) {
      return;
    }
  }
  if (connection.is_over || !pipe.has_ended || pipe.end_passed || now_there.is_swallowed ||
      (now_there.is_held && !pipe.is_swallowed)) {
    return;
  }
  if (pipe.is_swallowed) {
    reset(connection);  // one end has gone, and the other can learn of it again
  } else if (pipe.chunks.empty()) {
    ::shutdown(pipe.to, SHUT_WR);
    pipe.end_passed = true;
  }
}

// False: not now, or never again.
bool Proxy::send_piece(Connection& connection, Pipe& pipe, const Shape& shape, Instant now) {
  Chunk& chunk = pipe.chunks.front();
  const std::size_t size = std::min(chunk.bytes.size(), shape.piece);
  const ssize_t sent =
      size == 0 ? 0 : ::send(pipe.to, chunk.bytes.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno == EAGAIN || errno == EINTR) {
      pipe.next_send = now + full_pause;
    } else {
      reset(connection);
    }
    return false;
  }
  chunk.bytes.erase(0, static_cast<std::size_t>(sent));
  pipe.next_send = now + shape.pause;
  if (chunk.bytes.empty()) {
    if (chunk.then_reset) {
      ++strikes_;
      reset(connection);
      return false;
    }
    pipe.chunks.pop_front();
  }
  return true;
}

void Proxy::reset(Connection& connection) {
  if (!std::exchange(connection.is_over, true)) {
    close_with_reset(connection.pipes[0].from);
    close_with_reset(connection.pipes[0].to);
  }
}

}  // namespace exclusive_lock::faults
