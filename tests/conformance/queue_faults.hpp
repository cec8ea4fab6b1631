#pragma once
// A server, a proxy before it, and those that wait for one lock on it, through the public
// interface: what faults cost them.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "conformance/api/worker.hpp"
#include "faults/proxy.hpp"
#include "live/queue_entries.hpp"
#include "live/server.hpp"

namespace exclusive_lock::conformance {

// Of a lock called "job" with the usual prefix.
namespace job {
inline const std::string record_at = "exclusive-lock:job";
inline const std::string fence_at = "{exclusive-lock:job}:fence";
inline const std::string queue_at = "{exclusive-lock:job}:queue";

// A refresh is not what is looked at here.
Options options(std::shared_ptr<Connection> connection, Milliseconds ttl = long_lock_ttl);
}  // namespace job

// A waiter in a thread of its own, which releases when `when_held` returns.
class Waiting {
 public:
  explicit Waiting(
      Options options, std::function<void()> when_held = [] {});

  ~Waiting() { stop(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

  void stop() { stop_.request_stop(); }
  // Whether it has had the lock.
  [[nodiscard]] bool result() { return result_.get(); }
  // When it had it.
  [[nodiscard]] Instant held_at() const { return held_at_; }
  [[nodiscard]] ExclusiveLock& lock() { return lock_; }

 private:
  ExclusiveLock lock_;
  std::stop_source stop_;
  std::atomic<Instant> held_at_{};
  std::future<bool> result_;
};

// Each that waits has told this server that it does, and where to push to, since this was called.
testing::AssertionResult all_have_beaten(const live::Server& server, std::size_t count);

class QueueFaults : public testing::TestWithParam<live::ServerKind> {
 protected:
  live::Server server{{.kind = GetParam(), .persistent = true}};
  faults::Proxy proxy{server.port()};

  std::shared_ptr<Connection> direct() { return connect(server.url(), patient()); }
  std::shared_ptr<Connection> through_proxy(const ConnectOptions& options = patient()) {
    return connect("redis://127.0.0.1:" + std::to_string(proxy.port()), options);
  }

  [[nodiscard]] std::int64_t waiting() const {
    live::RawClient client = server.client();
    return live::count_entries(client, job::queue_at);
  }
  [[nodiscard]] std::size_t subscriptions() const {
    return server.client().texts({"PUBSUB", "CHANNELS", "*"}).size();
  }
  [[nodiscard]] testing::AssertionResult all_have_beaten(std::size_t count) const {
    return conformance::all_have_beaten(server, count);
  }
  // Whose record it is, by its label.
  [[nodiscard]] std::string holder_label() const;
};

}  // namespace exclusive_lock::conformance
