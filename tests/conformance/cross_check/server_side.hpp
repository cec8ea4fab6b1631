#pragma once
// A real server, whose wall clock stands still unless the test moves it (faults/wall_clock.hpp),
// and the library's own store for it.

#include <array>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "conformance/cross_check/side.hpp"
#include "conformance/requester.hpp"
#include "faults/wall_clock.hpp"
#include "live/server.hpp"

namespace exclusive_lock::conformance {

class ServerSide final : public Side {
 public:
  explicit ServerSide(live::ServerKind kind);
  ~ServerSide() override;

  void begin() override;
  void set_clock(StoreTime now) override { server_clock_.stand_at(now); }
  [[nodiscard]] const ClockSource& requesters_clock() const override { return clock_; }
  Store& client(std::size_t number) override { return *clients_.at(number).store; }
  void lose_client(std::size_t number) override;
  void plant(const std::string& key, const std::string& value,
             std::optional<Milliseconds> ttl) override;
  void erase(const std::string& key) override { raw_.must({"DEL", key}); }
  void wipe() override { raw_.must({"FLUSHALL"}); }
  std::vector<std::string> pushes(std::size_t client, std::size_t at_least) override;
  void let_pushes_come() override;
  std::string kept(const std::string& key) override;

 private:
  struct Client {
    std::shared_ptr<Store> store;
    std::shared_ptr<Pushes> pushes;  // since begin(), over all stores that were in this place
    std::string channel;             // empty: it is not told
  };

  void open(std::size_t number);
  [[nodiscard]] std::set<std::string> channels();

  faults::WallClock server_clock_;
  live::Server server_;
  live::RawClient raw_;
  SystemClockSource clock_;
  std::array<Client, clients_of_a_side> clients_;
  Ticket last_marker_ = 0;
};

}  // namespace exclusive_lock::conformance
