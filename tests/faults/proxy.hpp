#pragma once
// A TCP proxy at 127.0.0.1 before a server at 127.0.0.1, which does to the traffic what networks
// do:
//
//   shape        latency with jitter, drips, pieces of one byte
//   hold         nothing passes, and all of it later: a route that comes back
//   swallow      nothing passes, one way or both, and no end of connection either: a half-open peer
//   reset_at     RST to both sides when n bytes have passed
//   drop_reply   the next thing that the server says is lost, and the connection goes on
//   drop_push    the same of the next message to a subscriber
//   cut          RST to both sides of every connection, now
//   redirect     new connections go to another server: a failover
//
// TCP loses no byte in the middle of a stream, so a connection that lost some by swallow() passes
// nothing more that way, also after heal(); a new connection is as good as new. drop_reply() is the
// exception, for the sake of clients of proxies that do lose one; so is drop_push(), which does
// what a server does that has no room for a message.
//
// Threads: one of its own moves the bytes; every member may be called from any thread, and what it
// says holds for all bytes that are read after it returned.

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <list>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "exclusive_lock/clock.hpp"

struct pollfd;

namespace exclusive_lock::faults {

enum class Way { to_server, to_client };

struct Shape {
  std::chrono::microseconds latency{0};  // of every byte, plus a random part of jitter
  std::chrono::microseconds jitter{0};
  std::size_t piece = std::numeric_limits<std::size_t>::max();  // most bytes of one send
  std::chrono::microseconds pause{0};                           // between two pieces
};

class Proxy {
 public:
  // `seed` decides about the jitter. Throws std::system_error.
  explicit Proxy(std::uint16_t server_port, std::uint64_t seed = 1);
  ~Proxy();  // resets all connections
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  void shape(Way way, const Shape& shape);
  void hold(Way way);
  void swallow(Way way);
  void reset_at(Way way, std::size_t bytes_from_now);
  void drop_reply();
  void drop_push();
  void cut();
  void redirect(std::uint16_t server_port);
  // Ends every fault that lasts and disarms what has not happened; what was held passes on.
  void heal();

  // How often reset_at(), drop_reply() and drop_push() have struck.
  [[nodiscard]] int strikes() const;
  // How many connections it has taken since it began.
  [[nodiscard]] int connections() const;

 private:
  struct Chunk {
    std::string bytes;
    Instant due;
    bool then_reset = false;
  };
  // One way of one connection.
  struct Pipe {
    int from = -1;
    int to = -1;
    std::deque<Chunk> chunks{};
    Instant next_send{};
    bool is_swallowed = false;
    bool has_ended = false;   // `from` says no more
    bool end_passed = false;  // and `to` knows
  };
  struct Connection {
    std::array<Pipe, 2> pipes;
    bool is_over = false;
  };
  // What lasts, for one way.
  struct Weather {
    Shape shape{};
    bool is_held = false;
    bool is_swallowed = false;
    std::optional<std::size_t> reset_in{};
  };

  void run();
  bool step(std::vector<pollfd>& polled);
  [[nodiscard]] std::vector<pollfd> interests() const;
  [[nodiscard]] int max_wait_ms() const;
  void accept_one();
  void read(Connection& connection, Way way);
  void take(Pipe& pipe, Way way, std::string bytes);
  void send(Connection& connection, Way way, Instant now);
  bool send_piece(Connection& connection, Pipe& pipe, const Shape& shape, Instant now);
  static void reset(Connection& connection);
  void wake() const;
  template <class Change>
  void change(Change change);

  Weather& weather(Way way) { return weather_[static_cast<std::size_t>(way)]; }

  mutable std::mutex mutex_;
  std::array<Weather, 2> weather_;
  std::list<Connection> connections_;
  std::minstd_rand random_;
  std::uint16_t server_port_;
  bool drops_reply_ = false;
  bool drops_push_ = false;
  bool stops_ = false;
  int strikes_ = 0;
  int accepted_ = 0;

  int listener_ = -1;
  int waker_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace exclusive_lock::faults
