#pragma once
// A server that says what a test wants: for what no real server can be made to say.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "stores/redis/redis_store.hpp"

namespace exclusive_lock::live {

class FakeRedis {
 public:
  // Bytes to answer a command with, as they are; called on the fake's thread. Without one, HELLO,
  // TIME and INFO are answered as by a healthy server and everything else with an error.
  using Answer = std::function<std::string(const std::vector<std::string>& words)>;

  explicit FakeRedis(Answer answer = healthy);
  ~FakeRedis();
  FakeRedis(const FakeRedis&) = delete;
  FakeRedis& operator=(const FakeRedis&) = delete;

  static std::string healthy(const std::vector<std::string>& words);
  // HELLO's answer with these values.
  static std::string greeting(const std::string& role, const std::string& mode = "standalone");

  // For an answer to call: behind it come these bytes again and again, with a pause before each,
  // until the other side hangs up. Nothing that it says meanwhile is answered.
  void go_on_for_ever(std::string bytes, std::chrono::milliseconds pause);

  // For an answer to call: behind it the connection ends.
  void hang_up() { hangs_up_ = true; }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] int connections() const noexcept { return connections_; }
  [[nodiscard]] RedisStoreOptions options() const;

 private:
  void serve();
  void talk(int connection);
  void babble(int connection);
  [[nodiscard]] bool is_stopped() const;

  Answer answer_;
  int listener_;
  int stop_;
  std::uint16_t port_ = 0;
  std::string babble_;  // of this connection; empty: it answers
  std::chrono::milliseconds pause_{0};
  bool hangs_up_ = false;
  std::atomic<int> connections_{0};
  std::thread thread_;
};

// "$3\r\nabc\r\n"
std::string bulk(const std::string& text);
std::string array_of(const std::vector<std::string>& texts);

using Words = std::vector<std::string>;
// To the inspect script: EVALSHA sha keys key... echo max_bytes max_waiters.
std::string inspect_reply(const Words& words, const std::string& value,
                          const std::string& remaining_ms = "1000");

}  // namespace exclusive_lock::live
