#pragma once
// One address in front of two servers, as a virtual IP or a Kubernetes Service is: a failover ends
// no connection, and new connections go to the new master.

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include "faults/proxy.hpp"
#include "live/server.hpp"

namespace exclusive_lock::live {

enum class FailoverKind {
  command,  // FAILOVER
  by_hand,  // REPLICAOF, on both
};

class FailoverAddress {
 public:
  explicit FailoverAddress(ServerKind kind) : old_({.kind = kind}), next_({.kind = kind}) {
    // By default a master waits 5 s for more replicas.
    old_.client().must({"CONFIG", "SET", "repl-diskless-sync-delay", "0"});
    next_.client().must({"REPLICAOF", "127.0.0.1", std::to_string(old_.port())});
    wait_for([this] { return next_says("master_link_status:up"); }, "the replica");
  }

  // `user`: "NAME:PASSWORD@".
  [[nodiscard]] std::string url(const std::string& user = "") const {
    return "redis://" + user + "127.0.0.1:" + std::to_string(address_.port());
  }
  [[nodiscard]] Server& old_master() { return old_; }
  [[nodiscard]] Server& next_master() { return next_; }

  // The address leads to the old master until `redirect()`.
  void fail_over(FailoverKind kind) {
    if (kind == FailoverKind::command) {
      old_.client().must({"FAILOVER"});
    } else {
      wait_for([this] { return offset(old_) == offset(next_); }, "the same data");
      next_.client().must({"REPLICAOF", "NO", "ONE"});
      old_.client().must({"REPLICAOF", "127.0.0.1", std::to_string(next_.port())});
    }
    wait_for([this] { return next_says("role:master") && !says(old_, "role:master"); },
             "a failover");
  }
  // How many the address has taken so far.
  [[nodiscard]] int connections() const { return address_.connections(); }
  void redirect() { address_.redirect(next_.port()); }

 private:
  static bool says(Server& server, const std::string& what) {
    return server.client().text({"INFO", "replication"}).find(what) != std::string::npos;
  }
  bool next_says(const std::string& what) { return says(next_, what); }
  static std::string offset(Server& server) {
    const std::string info = server.client().text({"INFO", "replication"});
    const auto at = info.find("master_repl_offset:");
    return info.substr(at, info.find('\r', at) - at);
  }
  template <class Condition>
  static void wait_for(const Condition& condition, const std::string& what) {
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > give_up_at) {
        throw std::runtime_error("waited too long for " + what);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }

  Server old_;
  Server next_;
  faults::Proxy address_{old_.port()};
};

}  // namespace exclusive_lock::live
